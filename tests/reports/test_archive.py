"""Has a paper what PDF/A-3b asks for, as far as can be looked at without a validator?

Not a validation: it checks the points of ISO 19005-3 that a program like ours could break, on a
paper printed in one go and on one joined from slices, and that each check finds what it is for.
"""

import io
from collections.abc import Callable, Iterator

import pikepdf
import pytest
from pikepdf import Dictionary, Name, Object, Pdf

from reports import long_listing, pdf
from tests.reports.test_long_listing import listing


@pytest.fixture(scope="module")
def whole() -> bytes:
    return pdf.to_pdf(listing())


@pytest.fixture(scope="module")
def joined() -> Iterator[bytes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(long_listing, "SLICE_ROWS", 80)
        yield long_listing.to_pdf(listing())


def streams_of_pages(document: Pdf) -> Iterator[Object]:
    """Resources of every page and of every form laid over it."""
    for page in document.pages:
        resources = page.obj.Resources
        yield resources
        for form in resources.get("/XObject", Dictionary()).values():
            if "/Resources" in form:
                yield form.Resources


def is_embedded(font: Object) -> bool:
    """Whether the glyphs of a font are in the file and its text can be read back."""
    inner = font.DescendantFonts[0] if font.Subtype == Name.Type0 else font
    files = {"/FontFile", "/FontFile2", "/FontFile3"} & set(inner.FontDescriptor.keys())
    return bool(files) and "/ToUnicode" in font


def archive_faults(content: bytes) -> list[str]:
    """What a paper lacks or must not have; empty when everything looked at is in order.

    依据: ISO 19005-3:2012 6.1–6.8 (the points named here only)
    """
    faults = []
    with pikepdf.open(io.BytesIO(content)) as document:
        root = document.Root
        with document.open_metadata() as metadata:
            if (metadata.get("pdfaid:part"), metadata.get("pdfaid:conformance")) != ("3", "B"):
                faults.append("identification")
            title = document.docinfo.get("/Title")
            if title is not None and str(title) != metadata.get("dc:title"):
                faults.append("title differs from metadata")
        if "/Encrypt" in document.trailer:
            faults.append("encrypted")
        if "/ID" not in document.trailer:
            faults.append("no file identifier")
        intents = [each for each in root.get("/OutputIntents", []) if "/DestOutputProfile" in each]
        if not any(str(each.S) == "/GTS_PDFA1" for each in intents):
            faults.append("no output intent")
        elif intents[0].DestOutputProfile.read_bytes()[36:40] != b"acsp":
            faults.append("no colour profile")
        if not root.get("/MarkInfo", Dictionary()).get("/Marked") or "/StructTreeRoot" not in root:
            faults.append("not tagged")
        if "/Lang" not in root:
            faults.append("no language")
        if {"/OpenAction", "/AA"} & set(root.keys()) or "/JavaScript" in root.get("/Names", {}):
            faults.append("actions")
        linked = {each.objgen for each in root.get("/AF", [])}
        for name, attached in document.attachments.items():
            spec = attached.obj
            stream = spec.EF.F
            if spec.objgen not in linked or "/AFRelationship" not in spec:
                faults.append(f"{name} has no relation to the paper")
            if "/Subtype" not in stream or "/ModDate" not in stream.get("/Params", {}):
                faults.append(f"{name} has no type or date")
        for resources in streams_of_pages(document):
            for font in resources.get("/Font", Dictionary()).values():
                if not is_embedded(font):
                    faults.append(f"font {font.BaseFont} is not inside")
            for state in resources.get("/ExtGState", Dictionary()).values():
                if str(state.get("/SMask", "/None")) != "/None":
                    faults.append("soft mask")
        for each in document.objects:
            if isinstance(each, pikepdf.Stream) and "/LZWDecode" in str(each.get("/Filter", "")):
                faults.append("LZW")
    return faults


def test_a_paper_has_what_an_archive_asks_for(whole: bytes) -> None:
    assert archive_faults(whole) == []


def test_a_list_joined_from_slices_has_it_too(joined: bytes) -> None:
    assert archive_faults(joined) == []
    with pikepdf.open(io.BytesIO(joined)) as document:
        numbers = document.Root.StructTreeRoot.ParentTree.Nums
        keys = [int(numbers[place]) for place in range(0, len(numbers), 2)]
        assert keys == list(range(len(keys)))
        assert [int(page.obj.StructParents) for page in document.pages] == sorted(
            {int(page.obj.StructParents) for page in document.pages}
        )


def _without(*path: str) -> Callable[[Pdf], None]:
    def strip(document: Pdf) -> None:
        place = document.Root
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]

    return strip


def _act_at_opening(document: Pdf) -> None:
    document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS="app.alert(1)")


def _lose_a_font(document: Pdf) -> None:
    font = next(iter(document.pages[0].obj.Resources.Font.values()))
    del font.DescendantFonts[0].FontDescriptor["/FontFile3"]


def _lose_a_relation(document: Pdf) -> None:
    del next(iter(document.attachments.values())).obj["/AFRelationship"]


def _lose_a_date(document: Pdf) -> None:
    del next(iter(document.attachments.values())).obj.EF.F.Params["/ModDate"]


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        (_without("/OutputIntents"), "no output intent"),
        (_without("/StructTreeRoot"), "not tagged"),
        (_without("/MarkInfo"), "not tagged"),
        (_without("/Lang"), "no language"),
        (_without("/Metadata"), "identification"),
        (_without("/AF"), "data.json has no relation to the paper"),
        (_lose_a_relation, "data.json has no relation to the paper"),
        (_lose_a_date, "data.json has no type or date"),
        (_act_at_opening, "actions"),
        (_lose_a_font, "font"),
    ],
)
def test_each_check_finds_what_it_is_for(
    whole: bytes, damage: Callable[[Pdf], None], fault: str
) -> None:
    with pikepdf.open(io.BytesIO(whole)) as document:
        damage(document)
        out = io.BytesIO()
        document.save(out)
    assert any(found.startswith(fault) for found in archive_faults(out.getvalue()))
