"""Health: alive is cheap; ready has really tried each part, and says which one fails."""

from tests.world import World


async def test_ready_when_every_part_answers(world: World) -> None:
    assert (await world.client.get("/health/live")).json() == {"status": "ok"}
    ready = await world.client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["parts"] == {"database": "ok", "engine": "ok", "storage": "ok"}


async def test_not_ready_names_the_part_that_fails(world: World) -> None:
    world.engine.away = True
    ready = await world.client.get("/health/ready")
    assert ready.status_code == 503
    parts = ready.json()["parts"]
    assert (parts["database"], parts["storage"]) == ("ok", "ok")
    assert "engine" in parts["engine"]
    assert (await world.client.get("/health/live")).status_code == 200
    world.engine.away = False
    storage = world.runtime.storage.folder
    assert storage is not None
    moved = storage.path.rename(storage.path.with_name("elsewhere"))
    storage.path.write_text("a file where the folder should be")
    parts = (await world.client.get("/health/ready")).json()["parts"]
    assert parts["storage"] != "ok" and parts["engine"] == "ok"
    storage.path.unlink()
    moved.rename(storage.path)
