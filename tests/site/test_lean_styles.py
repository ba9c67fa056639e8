"""Of the style sheets, which become one, only what is of no use goes."""

from pathlib import Path
from types import ModuleType

import extensions
import pytest
import tinycss2


@pytest.fixture(scope="module")
def lean_styles() -> ModuleType:
    return extensions.load("lean_styles")


@pytest.mark.parametrize(
    ("sheet", "wanted"),
    [
        (".page{a:b}", ".page{a:b}"),
        (".other{a:b}", ""),
        ("#other{a:b}", ""),
        ("p.page>a:hover{a:b}", "p.page>a:hover{a:b}"),
        (".page .other{a:b}", ""),
        (".page,.other,h1{a:b}", ".page,h1{a:b}"),
        ("a:not(.other){a:b}", "a:not(.other){a:b}"),
        (".set{a:b}", ".set{a:b}"),
        (".set-top{a:b}", ""),
        (".put-top{a:b}", ".put-top{a:b}"),
        (".put-at-end{a:b}", ""),
        ("@media print{.page{a:b}.other{a:b}}", "@media print{.page{a:b}}"),
        ("@media print{.other{a:b}}", ""),
        ("@keyframes turn{to{a:b}}", "@keyframes turn{to{a:b}}"),
        ("@font-face{src:url(x.woff2)}", "@font-face{src:url(x.woff2)}"),
        (":root{--x:#123456;a:url(\"data:a,b{}\")}", ":root{--x:#123456;a:url(\"data:a,b{}\")}"),
    ],
)  # fmt: skip
def test_a_rule_goes_if_nothing_can_have_what_it_asks_for(
    lean_styles: ModuleType, sheet: str, wanted: str
) -> None:
    rules = tinycss2.parse_stylesheet(sheet, True, True)
    assert lean_styles.keep(rules, names={"page"}, words={"set", "put-"}) == wanted


@pytest.mark.parametrize(
    ("sheet", "wanted"),
    [
        ("a{--x:1;b:var(--x)}", "a{--x:1;b:var(--x)}"),
        ("a{--x:1;b:c}", "a{b:c}"),
        ("a{b:c;--x:1}d{e:f}", "a{b:c;}d{e:f}"),
        ("a{--set:1}", "a{--set:1}"),
        ("@media print{a{--x:1;b:c}}", "@media print{a{b:c}}"),
        ('a{--x:url("data:a;b");b:url("data:a;--x:c")}', 'a{b:url("data:a;--x:c")}'),
        ("@import url(x.css);a,\n  b{c:d}", "@import url(x.css);a, b{c:d}"),
    ],
)
def test_a_custom_property_goes_if_nobody_asks_for_it(
    lean_styles: ModuleType, sheet: str, wanted: str
) -> None:
    assert lean_styles.without_idle_properties(sheet, words={"--set"}) == wanted


def test_a_sheet_stands_with_what_it_imports(lean_styles: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "styles").mkdir()
    (tmp_path / "basic.css").write_text("a{b:url(file.png)}")
    sheet = tmp_path / "styles" / "theme.css"
    data = 'url("data:image/svg+xml,%3Csvg")'
    sheet.write_text(f'@import "../basic.css";c{{d:url("../x/y.woff2"),url(z.png),{data}}}')
    wanted = f'a{{b:url(file.png)}}c{{d:url("x/y.woff2"),url(styles/z.png),{data}}}'
    assert lean_styles.flat(sheet, tmp_path) == wanted
