"""Read a page as a person without pictures would: its words, its forms, and what each element is called."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"input", "link", "meta", "option", "path", "circle", "rect", "br"}


@dataclass(frozen=True)
class Element:
    """One element: its attributes, and the text inside it."""

    tag: str
    attributes: Mapping[str, str | None]
    parent: "Element | None"
    inside: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.inside).split())

    def __getitem__(self, name: str) -> str | None:
        return self.attributes.get(name)

    def is_in(self, other: "Element") -> bool:
        return self.parent is other or (self.parent is not None and self.parent.is_in(other))


class Page(HTMLParser):
    """A page, read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        assert not self._open, f"never closed: {self._open[-1].tag}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> repeats an attribute: {names}"
        element = Element(tag, dict(attrs), self._open[-1] if self._open else None)
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open, f"</{tag}> closes nothing"
            opened = self._open.pop()
            assert opened.tag == tag, f"</{tag}> closes <{opened.tag}>"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.inside.append(data)

    def all(self, tag: str, within: Element | None = None, **attributes: str) -> list[Element]:
        """Every element of that tag, with those attributes; `class_` is `class`."""
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            element
            for element in self.elements
            if element.tag == tag
            and all(element[name] == value for name, value in wanted.items())
            and (within is None or element.is_in(within))
        ]

    def one(self, tag: str, within: Element | None = None, **attributes: str) -> Element:
        found = self.all(tag, within, **attributes)
        assert len(found) == 1, f"{len(found)} of <{tag} {attributes}>"
        return found[0]

    @property
    def title(self) -> str:
        return self.one("title").text

    @property
    def tip(self) -> str:
        """What the page is about: its only heading of the first rank."""
        return self.one("h1").text

    @property
    def notice(self) -> str | None:
        """What was just done, as the page says it; None where it says nothing."""
        found = self.all("div", role="status")
        return self.one("p", found[0]).text if found else None

    @property
    def text(self) -> str:
        return self.one("main").text

    def fields(self, form: Element) -> dict[str, str]:
        """What a browser would send of a form that nobody touched, without the button."""
        return dict(self._fields(form))

    def _fields(self, form: Element) -> Iterator[tuple[str, str]]:
        for control in self.all("input", form):
            if control["type"] != "radio" or "checked" in control.attributes:
                yield control["name"] or "", control["value"] or ""

    def form_with(self, tag: str, **attributes: str) -> Element:
        """The form in which an element is."""
        element: Element | None = self.one(tag, None, **attributes)
        while element is not None and element.tag != "form":
            element = element.parent
        assert element is not None
        return element
