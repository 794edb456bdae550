"""List and count several hundred projects."""

from tests.clients.scenarios.scenario import answer, connect, given

kili = connect()
search = {"search_query": given["search"]}


def ids(**options: object) -> list[str]:
    return [row["id"] for row in kili.projects(fields=["id"], **search, **options)]


answer(
    {
        "all": ids(disable_tqdm=True),
        "with a bar": len(ids(disable_tqdm=False)),
        "generated": ids(as_generator=True),
        "count": kili.count_projects(**search),
        "none": [kili.projects(search_query="no such title"), kili.count_projects(search_query="no such title")],
        "first 150": ids(first=150, disable_tqdm=True),
        "skip 101": ids(skip=101, disable_tqdm=True),
        "generated, skip 99, first 102": ids(skip=99, first=102, as_generator=True),
    }
)
