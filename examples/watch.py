"""Read the stream of events: show the loss, keep the picture every ten steps, stop when you like.

python examples/watch.py photo.jpg painting.jpg 64
"""

import sys

import impasto

content, style, size = sys.argv[1:4]
options = impasto.OptimizeOptions(size=int(size), steps=(20,), preview_every=10)
events = impasto.optimize_events(content, style, options)
for event in events:
    match event:
        case impasto.Transfer(what, done, total):
            print(f"{what}: {done} of {total} bytes")
        case impasto.Step():
            print(f"step {event.step} of {event.steps}: loss {event.loss:.3f}")
            if event.loss < 0.05:  # good enough: end with the best picture so far
                events.throw(impasto.StopEarly)
        case impasto.Preview(step, image):
            print(f"after {step} steps the mean color is {image.mean():.2f}")
        case impasto.Done(result):
            print(f"finished in {result.seconds:.1f} s: {result.recipe.command()}")
