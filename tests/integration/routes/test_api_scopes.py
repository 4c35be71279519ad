"""What each scope opens, route by route."""

import pytest
from aiohttp.test_utils import TestClient

from core.domain.api_access import ApiScope, Caller
from core.domain.secret import Secret
from core.ports.api_keys import ApiKeys
from entrypoints.http.app import ALL_ROUTES
from entrypoints.http.path_ids import PATH_IDS
from entrypoints.http.routing import Route
from tests.integration.routes.conftest import ClientFactory, make_client
from tests.integration.routes.world import World

KEYED = [route for route in ALL_ROUTES if route.keyed]
EXAMPLES = {name: rule.example for name, rule in PATH_IDS.items()}


class OneKeyPerScope(ApiKeys):
    """The key is the scope's name."""

    async def caller(self, key: Secret) -> Caller | None:
        return Caller(key.reveal(), {ApiScope(key.reveal())}) if key.reveal() in set(ApiScope) else None

    async def holder(self, reference: str) -> Caller | None:
        return await self.caller(Secret(reference))


@pytest.fixture
async def scoped(world: World, aiohttp_client: ClientFactory) -> TestClient:
    world.api_keys = OneKeyPerScope()
    return await make_client(aiohttp_client, world)


def needs(route: Route) -> ApiScope:
    """Said again here, so that a route that forgets its scope is found."""
    if route.path.startswith(("/auth/revoke", "/v1/api-keys")) or route.path.endswith(("/erase", "/personal-data")):
        return ApiScope.ADMIN
    return ApiScope.READ if route.method == "GET" else ApiScope.OPERATE


@pytest.mark.parametrize("scope", ApiScope)
async def test_a_key_opens_what_its_scope_contains_and_nothing_else(scoped: TestClient, scope: ApiScope) -> None:
    ranks = list(ApiScope)
    for route in KEYED:
        path = route.path.format_map(EXAMPLES)
        answer = await scoped.request(
            route.method, path, params={"no-such": "1"}, headers={"Authorization": f"Bearer {scope}"}
        )
        if ranks.index(scope) >= ranks.index(needs(route)):
            assert answer.status == 400, route  # let in, and refused for its parameter
            continue
        assert answer.status == 403, route
        told = await answer.json(content_type="application/problem+json")
        assert (told["type"], told["needs"]) == ("/problems/insufficient-scope", needs(route))


def test_every_id_of_a_path_has_a_rule() -> None:
    for route in KEYED:
        route.path.format_map(EXAMPLES)
