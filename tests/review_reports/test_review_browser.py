"""The HTML page in a real browser: what it shows, does by keys, and never does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from opened_page import Opened
from review_samples import EMPTY, fleet_review, hostile_review, large_review, skipped_review

from pytest_gitops.review.model import Review

Open = Callable[..., Opened]

NAMES = ["web/data", "web/worker", "web/proxy", "web/web", "web/cache"]
ELEMENTS = "document.querySelectorAll('*').length"


def test_changes_are_shown_the_worst_first(opened: Open) -> None:
    page = opened(fleet_review())
    assert page.ids() == NAMES
    assert page.status() == "5 changes"
    assert page.page.locator("#tabs button").all_inner_texts() == [
        "Changes\n5",
        "Findings\n2",
        "Parts\n5",
        "Images\n1",
        "Files\n4",
    ]
    assert page.page.locator(".card .line.del").first.inner_text() == "removed:\n-apiVersion: v1"
    assert page.page.locator(".line mark").all_inner_texts() == ["2", "0", "4", "5"]
    assert page.complaints == []


def test_filters(opened: Open) -> None:
    page = opened(fleet_review())
    page.page.click(".cluster:has-text('staging')")
    assert page.ids() == ["web/web", "web/cache"]
    assert page.status() == "2 of 5 changes in staging Show everything"
    page.page.click(".chip.added")
    assert page.ids() == ["web/cache"]
    page.page.click("text=Show everything")
    assert page.ids() == NAMES
    page.page.click(".chip.error")
    assert page.ids() == ["web/data"]
    page.page.click(".chip.none")
    assert page.ids() == NAMES
    page.press("Escape")
    page.page.click(".part:has-text('flux-system/edge')")
    assert page.ids() == ["web/proxy"]
    page.page.click(".part:has-text('flux-system/edge')")
    page.page.click(".part:has-text('flux-system/jobs')")
    assert page.ids() == ["web/worker"]
    counts = page.page.locator("#tabs .number").all_inner_texts()
    assert counts == ["1", "1", "1", "0", "0"]


def test_dangers_are_counted_where_one_looks(opened: Open) -> None:
    page = opened(fleet_review())
    chips = page.page.locator(".chips").first.locator(".number")
    assert chips.all_inner_texts() == ["1", "0", "0", "4"]
    page.press("2")
    assert chips.all_inner_texts() == ["1", "1", "0", "0"]
    page.page.click(".chip.warning")
    assert page.page.locator("#findings .rule").all_inner_texts() == ["review-suspended"]


def test_search(opened: Open) -> None:
    page = opened(fleet_review())
    page.search("CACHE:7.2 deployment")
    assert page.ids() == ["web/cache"]
    assert page.page.evaluate("CSS.highlights.get('searched').size") > 0
    page.press("Escape")
    assert page.ids() == NAMES
    page.press("Escape")
    page.search("nothing has this")
    assert page.ids() == []
    assert page.page.locator(".empty p").first.inner_text() == "Nothing matches what is chosen."


def test_a_view_can_be_shared_by_its_address(opened: Open) -> None:
    page = opened(fleet_review())
    page.page.click(".cluster:has-text('production-eu')")
    page.page.click(".chip.moved")
    page.search("proxy")
    address = page.page.url
    assert address.partition("#")[2] == "cluster=production-eu&action=moved&q=proxy"
    page.page.goto("about:blank")
    page.page.goto(address)
    assert page.ids() == ["web/proxy"]
    page.page.goto(address.partition("#")[0] + "#cluster=%3Cimg%3E&danger=constructor,toString&action=x&part=__proto__")
    assert page.ids() == NAMES


def test_keys(opened: Open) -> None:
    page = opened(fleet_review())
    page.press("j", "j")
    assert page.current == "web/worker"
    page.press("k")
    assert page.current == "web/data"
    assert page.page.evaluate("document.activeElement.matches('.card.current')")
    diff = page.page.locator(".card.current .diff")
    assert diff.count() == 1
    page.press("o")
    assert diff.count() == 0
    page.press("o")
    assert diff.count() == 1
    page.press("e")
    assert page.page.locator(".diff").count() == 0
    page.press("e", "2")
    assert page.page.locator("#findings .card").count() == 2
    page.press("3")
    assert page.page.locator("#parts .card").count() == 5
    page.press("4")
    assert page.page.locator("#images .card").count() == 1
    page.press("5")
    assert page.page.locator("#files .card").count() == 4
    page.press("1", "?")
    assert page.page.locator("dialog[open] dt").all_inner_texts() == [
        "j",
        "k",
        "o",
        "e",
        "/",
        "Esc",
        "1 to 5",
        "t",
        "?",
    ]
    page.press("j", "Escape")
    assert page.page.locator("dialog[open]").count() == 0
    page.press("/")
    assert page.page.evaluate("document.activeElement.id") == "search"
    page.page.keyboard.type("jk/?")
    assert page.page.input_value("#search") == "jk/?"


def test_a_finding_leads_to_its_change_or_part(opened: Open) -> None:
    page = opened(fleet_review())
    page.page.click(".cluster:has-text('staging')")
    page.page.click("text=Show everything")
    page.press("2")
    page.page.click("#findings .link:has-text('PersistentVolumeClaim')")
    assert page.current == "web/data"
    page.press("2")
    page.page.click("#findings .link:has-text('Kustomization/flux-system/jobs')")
    assert page.ids() == ["web/worker"]


def test_dark_and_light(opened: Open) -> None:
    shown = "getComputedStyle(document.body).backgroundColor"
    light, dark = opened(fleet_review(), color_scheme="light"), opened(fleet_review(), color_scheme="dark")
    colors = [light.page.evaluate(shown), dark.page.evaluate(shown)]
    assert colors == ["rgb(245, 246, 248)", "rgb(14, 17, 22)"]
    light.press("t")
    dark.page.click("#theme")
    assert [light.page.evaluate(shown), dark.page.evaluate(shown)] == colors[::-1]
    light.page.reload()
    assert light.page.evaluate(shown) == colors[1]


CONTRAST = """() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
  const canvas = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true });
  const solid = (color, under) => {
    canvas.fillStyle = `rgb(${under})`; canvas.fillRect(0, 0, 1, 1);
    canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const behind = (element) => {
    const chain = [];
    for (let one = element; one; one = one.parentElement) chain.unshift(getComputedStyle(one).backgroundColor);
    return chain.reduce((under, color) => solid(color, under), [255, 255, 255]);
  };
  const light = (color) => color.map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const LEFT_OUT = 'script,style,.hidden,:disabled,.skip';
  const poor = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || !element.checkVisibility() || element.closest(LEFT_OUT)) continue;
    const under = behind(element);
    const [a, b] = [light(solid(getComputedStyle(element).color, under)), light(under)];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.add(`${element.className || element.tagName}: ${ratio.toFixed(2)}`);
  }
  return [...poor];
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(opened: Open, scheme: str) -> None:
    page = opened(fleet_review(), color_scheme=scheme)
    for key in "12345":
        page.press(key)
        assert page.page.evaluate(CONTRAST) == []


def test_everything_can_be_reached_and_has_a_name(opened: Open) -> None:
    page = opened(fleet_review())
    for landmark in ("banner", "complementary", "main", "navigation"):
        assert page.page.get_by_role(landmark).count() == 1
    unnamed = "[...document.querySelectorAll('button')].filter(b => !(b.ariaLabel || b.innerText).trim()).length"
    assert page.page.evaluate(unnamed) == 0
    assert page.page.get_by_role("searchbox", name="Search").count() == 1
    page.press("Tab")
    assert page.page.evaluate("document.activeElement.className") == "skip"


@pytest.mark.parametrize(
    ("review", "told"),
    [
        (EMPTY, "No cluster differs."),
        (skipped_review(), "No object is known to differ."),
    ],
    ids=["empty", "skipped"],
)
def test_where_no_object_differs(opened: Open, review: Review, told: str) -> None:
    page = opened(review)
    assert page.page.locator("#changes .empty p").first.inner_text() == told


def test_a_narrow_window_shows_filters_when_asked(opened: Open) -> None:
    page = opened(fleet_review(), viewport={"width": 400, "height": 800})
    assert page.page.evaluate("document.documentElement.scrollWidth") == 400
    assert not page.page.locator("#side").is_visible()
    page.page.click("#filters")
    page.page.click(".cluster:has-text('staging')")
    assert page.ids() == ["web/web", "web/cache"]
    assert page.page.evaluate("document.documentElement.scrollWidth") == 400


def test_only_what_is_near_the_window_exists(opened: Open) -> None:
    small, large = opened(large_review(100)), opened(large_review(500))
    assert large.status() == "500 changes"
    assert large.page.evaluate(ELEMENTS) < 1.3 * small.page.evaluate(ELEMENTS)
    for key in ("2", "3", "4", "5", "1"):
        large.press(key)
        assert large.page.evaluate(ELEMENTS) < 6000
    large.page.keyboard.press("End")
    large.page.wait_for_function("() => document.querySelector('.chunk:last-child').children.length > 0")
    large.page.wait_for_function("() => document.querySelector('.chunk').children.length === 0")
    assert large.page.evaluate(ELEMENTS) < 6000
    large.press("k", "j", "j", "j", "j")
    large.press("Home")
    large.page.wait_for_function("() => document.querySelector('.chunk').children.length > 0")
    assert large.page.evaluate(ELEMENTS) < 6000


def test_keys_go_through_all_changes(opened: Open) -> None:
    page = opened(large_review(40))
    seen = []
    for _ in range(40):
        page.press("j")
        seen.append(page.current)
    assert len(set(seen)) == 40
    page.press("j")
    assert page.current == seen[-1]


def test_a_long_diff_is_shown_when_asked(opened: Open) -> None:
    review = fleet_review()
    cluster = review.clusters[0]
    long = replace(cluster.objects[0], diff="@@ -1,3000 +0,0 @@\n" + "".join(f"-line: {n}\n" for n in range(4000)))
    page = opened(replace(review, clusters=(replace(cluster, objects=(long,)),)))
    assert page.page.locator(".line").count() == 79
    page.page.click("text=Show all 3,000 lines")
    assert page.page.locator(".line").count() == 2999
    assert page.page.locator(".body > .quiet").inner_text() == "1,001 more lines of this diff are in the JSON report."


def test_nothing_of_the_repository_is_executed(opened: Open) -> None:
    page = opened(hostile_review())
    for key in ("2", "3", "4", "5", "1", "j", "o", "o", "e", "e", "t", "?", "Escape"):
        page.press(key)
    for selector in (".cluster", ".part", ".chip:enabled", "#findings .link", "#parts .link", "#images .link"):
        page.press({"#f": "2", "#p": "3", "#i": "4"}.get(selector[:2], "1"))
        for button in page.page.locator(f"{selector}:visible").all():
            button.click()
            page.press("Escape")
    page.search("<img")
    page.page.hover(".part")
    page.page.wait_for_timeout(200)
    assert page.complaints == []
    assert page.page.evaluate("window.hacked") is None
    assert page.page.locator("img, iframe, a:not(.skip), object, embed, body script:not([type])").count() == 0
    assert [url for url in page.requests if not url.startswith(("file://", "data:image/svg+xml;base64,"))] == []
    assert len([url for url in page.requests if url.startswith("file://")]) == 1


def test_the_browser_itself_refuses_what_is_not_the_page_s_own(opened: Open) -> None:
    page = opened(fleet_review())
    tried = """() => {
      const refused = [];
      document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
      try { document.body.innerHTML = '<img src=x onerror="window.hacked = 1">'; } catch { refused.push('markup'); }
      const image = document.createElement('img');
      image.src = 'https://evil.example/x.png';
      document.body.append(image);
      return fetch('https://evil.example/').catch(() => new Promise((done) => setTimeout(() => done(refused), 100)));
    }"""
    refused = page.page.evaluate(tried)
    assert {"markup", "img-src", "connect-src"} <= set(refused)
    assert page.page.evaluate("window.hacked") is None
