"""How an upload that brings nothing is ended."""

from __future__ import annotations

import asyncio

import pytest
from fastapi import HTTPException, Request

from impasto.web import limits
from impasto.web.responses import Slots

HEADERS = [(b"content-type", b"image/png"), (b"content-length", b"1000")]


def upload(*parts):
    """A request that brings these parts of its body, and then nothing."""
    left = list(parts)

    async def receive():
        if not left:
            await asyncio.Event().wait()
        part = left.pop(0)
        return {"type": "http.request", "body": part, "more_body": part != b"end"}

    return Request({"type": "http", "headers": HEADERS}, receive)


def test_a_stalled_upload_goes_sooner_while_others_wait(monkeypatch):
    monkeypatch.setattr(limits, "STALL_SECONDS", 1e6)
    monkeypatch.setattr(limits, "HURRIED_SECONDS", 0.05)
    with pytest.raises(HTTPException) as refused:
        asyncio.run(limits.read_upload(upload(b"half"), crowded=lambda: True))
    assert refused.value.status_code == 408


def test_it_may_pause_while_nobody_waits(monkeypatch):
    monkeypatch.setattr(limits, "HURRIED_SECONDS", 0.01)

    async def read():
        asked = asyncio.Event()

        def crowded():
            asked.set()
            return False

        reading = asyncio.ensure_future(limits.read_upload(upload(b"half"), crowded=crowded))
        await asked.wait()
        await asyncio.sleep(0)
        assert not reading.done()
        reading.cancel()

    asyncio.run(read())


def test_one_that_goes_on_is_read_whole_in_a_crowd():
    assert asyncio.run(limits.read_upload(upload(b"half", b"end"), crowded=lambda: True)) == (
        b"halfend"
    )


def test_slots_are_crowded_as_long_as_somebody_waits():
    async def check():
        slots = Slots(1)
        async with slots:
            assert not slots.crowded()
            waiting = asyncio.ensure_future(slots.__aenter__())
            await asyncio.sleep(0)
            assert slots.crowded()
        await waiting
        assert not slots.crowded()

    asyncio.run(check())
