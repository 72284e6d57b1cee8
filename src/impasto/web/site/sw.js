// Keeps what the page is made of, so that it opens without a network, and adds the headers that
// browsers ask for before they give a page several threads.

const NAME = "impasto-BUILD";

self.addEventListener("install", () => self.skipWaiting());

self.addEventListener("activate", (event) => {
  const tidy = async () => {
    for (const name of await caches.keys())
      if (name.startsWith("impasto-") && name !== NAME) await caches.delete(name);
    await self.clients.claim();
  };
  event.waitUntil(tidy());
});

async function answer(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request);
  const found = kept ?? (await fetch(request));
  if (!kept && found.ok) await cache.put(request, found.clone());
  const headers = new Headers(found.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(found.body, { status: found.status, statusText: found.statusText, headers });
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const isOurs = new URL(request.url).origin === self.location.origin;
  if (request.method === "GET" && isOurs) event.respondWith(answer(request));
});
