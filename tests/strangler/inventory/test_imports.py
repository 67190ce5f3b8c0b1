from __future__ import annotations

from pathlib import Path

from strangler.inventory.imports import Scanned, scan

APPS = {"shop.orders": "orders", "shop.catalog": "catalog"}


def written(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def label(module: str) -> str:
    while module and module not in APPS:
        module = module.rpartition(".")[0]
    return APPS.get(module, "")


def scanned(folder: Path) -> Scanned:
    apps = {name: folder / name.replace(".", "/") for name in APPS}
    return scan(apps, {"shop": folder / "shop"}, label, lambda file: file.relative_to(folder).as_posix())


def test_every_way_to_name_another_app_is_a_tie(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "shop/__init__.py": "",
            "shop/urls.py": "from shop.orders import views\n",
            "shop/catalog/__init__.py": "",
            "shop/catalog/models.py": "import shop.catalog.other\n",
            "shop/orders/__init__.py": "from ..catalog import models\n",
            "shop/orders/views.py": (
                "from typing import TYPE_CHECKING\n"
                "import shop.catalog.models\n"
                "from shop import catalog\n"
                "from shop.catalog.models import Product, Category\n"
                "if TYPE_CHECKING:\n    from shop.catalog.models import Hint\n"
                "def late():\n    from shop.catalog import services\n"
                "model = apps.get_model('catalog', 'Product')\n"
                "text = import_string('shop.catalog.services.price')\n"
                "other = get_model(name)\n"
                "view = get_class('catalog.views', 'Detail')\n"
            ),
        },
    )
    found = {(each.source, each.target): each for each in scanned(tmp_path).imports}
    assert set(found) == {("", "orders"), ("orders", "catalog")}
    edge = found["orders", "catalog"]
    assert (edge.count, edge.deferred, edge.typing) == (9, 1, 1)
    assert [(each.file, each.line, each.what) for each in edge.places] == [
        ("shop/orders/__init__.py", 1, "shop.catalog"),
        ("shop/orders/views.py", 2, "shop.catalog.models"),
        ("shop/orders/views.py", 3, "shop"),
        ("shop/orders/views.py", 4, "shop.catalog.models"),
        ("shop/orders/views.py", 6, "shop.catalog.models"),
        ("shop/orders/views.py", 8, "shop.catalog"),
        ("shop/orders/views.py", 9, 'get_model("catalog.Product")'),
        ("shop/orders/views.py", 10, 'import_string("shop.catalog.services.price")'),
        ("shop/orders/views.py", 12, 'get_class("catalog.views.Detail")'),
    ]


def test_migrations_tests_and_empty_lines_are_no_code(tmp_path: Path) -> None:
    written(
        tmp_path,
        {
            "shop/orders/__init__.py": "",
            "shop/orders/views.py": "# a comment\n\nx = 1\n  # another\ny = 2\n",
            "shop/orders/migrations/0001.py": "from shop.catalog import models\n",
            "shop/orders/tests/test_x.py": "from shop.catalog import models\n",
            "shop/orders/tests.py": "from shop.catalog import models\n",
            "shop/orders/test_views.py": "from shop.catalog import models\n",
        },
    )
    found = scanned(tmp_path)
    assert found.sizes["shop.orders"] == (2, 2)
    assert found.imports == ()


def test_a_file_that_is_no_python_is_told_and_does_not_end_the_scan(tmp_path: Path) -> None:
    written(tmp_path, {"shop/orders/bad.py": "def (\n", "shop/orders/good.py": "import shop.catalog\n"})
    found = scanned(tmp_path)
    assert [each.target for each in found.imports] == ["catalog"]
    assert len(found.unread) == 1
    assert "shop/orders/bad.py could not be read as Python" in found.unread[0]
