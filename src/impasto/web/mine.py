"""My pictures: everything that the server of one person keeps for that person."""

from __future__ import annotations

from typing import Any

from impasto.web.gallery import gallery
from impasto.web.job_queue import JobQueue
from impasto.web.jobs import Job
from impasto.web.orders import order_example

MOST = 300
"""Paintings and pictures that are listed, the latest first."""

MASK = "mask.png"
"""As the page names the masks that it sends."""


def pictures_of(queue: JobQueue) -> dict[str, Any]:
    """Return the paintings, uploads and learned styles that are kept, the latest first."""
    example = order_example(queue)
    paintings = [
        job
        for job in list(queue.jobs.values())
        if job.has_result and not job.cancelled and job.task.kind in KINDS and job is not example
    ]
    paintings.sort(key=lambda job: job.created, reverse=True)
    uploads = [each for each in list(queue.store.uploads.values()) if each.name != MASK]
    uploads.sort(key=lambda upload: upload.created, reverse=True)
    return {
        "paintings": [_told(job) for job in paintings[:MOST]],
        "pictures": [{**each.view(), "created": each.created} for each in uploads[:MOST]],
        "styles": [style.to_dict() for style in gallery().values() if style.own],
    }


KINDS = ("stylize", "optimize", "video")
"""What makes a painting."""


def _told(job: Job) -> dict[str, Any]:
    return {
        "id": job.key,
        "name": job.task.output,
        "photo": job.task.photo.name,
        "styles": [share.style.name for share in job.task.styles],
        "created": job.created,
        "width": job.width,
        "height": job.height,
        "film": job.task.kind == "video",
        "favorite": job.favorite,
    }
