"""The rule of one spelling is written twice, in Python and in SQL: they agree on every text."""

from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.postgres.connection import Pool, acquire, open_pool
from core.domain.arabic import TABLE, fold
from tests.servers import Database

BATCH = st.lists(
    st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), max_size=30)
    | st.text(st.sampled_from(sorted(map(chr, TABLE)) + list("ابتثشقلمن xyz019 ")), max_size=60),
    min_size=20,
    max_size=60,
)


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    async with await open_pool(database.dsn, max_size=2) as pool:
        yield pool


async def in_sql(pool: Pool, texts: list[str]) -> list[str]:
    async with acquire(pool) as connection:
        sql = "SELECT wasl_fold(t) AS folded FROM unnest($1::text[]) WITH ORDINALITY AS g (t, n) ORDER BY n"
        return [row["folded"] for row in await connection.fetch(sql, texts)]


async def test_every_character_of_the_basic_plane_is_folded_alike(pool: Pool) -> None:
    characters = [chr(number) for number in range(1, 0x10000) if not 0xD800 <= number <= 0xDFFF]
    texts = [f"a{character}b" for character in characters]
    assert await in_sql(pool, texts) == [fold(text) for text in texts]


@settings(max_examples=60)
@given(texts=BATCH)
async def test_every_text_is_folded_alike(pool: Pool, texts: list[str]) -> None:
    assert await in_sql(pool, texts) == [fold(text) for text in texts]
