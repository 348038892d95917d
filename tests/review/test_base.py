"""The base of a change comes out of Git's object store: the right commit, the right files, and nothing is run."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from fleet_files import two_clusters, write_files
from git_repositories import commit, committed, git

from pytest_gitops import RepositoryError
from pytest_gitops.repository import find_repository
from pytest_gitops.review import exporting
from pytest_gitops.review.revisions import find_range
from pytest_gitops.review.store import Store


def written(root: Path, target: Path, ref: str = "main") -> dict[str, str]:
    """Return the files of a change's base as they are written, links by where they lead."""
    base = find_range(root, ref).write_base(find_repository(root), target)
    found = {}
    for path in sorted(base.root.rglob("*")):
        name = path.relative_to(base.root).as_posix()
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file():
            found[name] = path.read_text(encoding="utf-8")
    return found


def test_base_is_the_merge_base(tmp_path: Path) -> None:
    root = committed(tmp_path / "fleet", {"a.yaml": "a: 1\n"})
    fork = git(root, "rev-parse", "HEAD")
    git(root, "switch", "-q", "-c", "topic")
    (root / "b.yaml").write_text("b: 1\n", encoding="utf-8")
    head = commit(root)
    git(root, "switch", "-q", "main")
    (root / "c.yaml").write_text("c: 1\n", encoding="utf-8")
    commit(root)
    git(root, "switch", "-q", "topic")
    change = find_range(root, "main")
    assert (change.base.ref, change.base.commit, change.base.dirty) == ("main", fork, False)
    assert (change.head.ref, change.head.commit, change.head.dirty) == ("topic", head, False)
    assert change.files == (("A", "b.yaml"),)
    assert written(root, tmp_path / "base") == {"a.yaml": "a: 1\n"}


def test_what_is_not_committed_counts(tmp_path: Path) -> None:
    files = {
        "changed.yaml": "1\n",
        "gone.yaml": "1\n",
        "same.yaml": "1\n",
        "staged.yaml": "1\n",
        ".gitignore": "own/\n",
    }
    root = committed(tmp_path / "fleet", files)
    write_files(root, {"changed.yaml": "2\n", "new.yaml": "1\n", "staged.yaml": "2\n", "own/notes.yaml": "1\n"})
    (root / "gone.yaml").unlink()
    git(root, "add", "staged.yaml")
    os.utime(root / "same.yaml", (1, 1))
    before = (root / ".git" / "index").read_bytes()
    change = find_range(root, "HEAD")
    assert change.head.dirty
    assert change.files == (("M", "changed.yaml"), ("D", "gone.yaml"), ("A", "new.yaml"), ("M", "staged.yaml"))
    assert written(root, tmp_path / "base", "HEAD") == files
    assert (root / ".git" / "index").read_bytes() == before
    assert git(root, "status", "--porcelain").splitlines() == [
        " M changed.yaml",
        " D gone.yaml",
        "M  staged.yaml",
        "?? new.yaml",
    ]


def test_only_the_directory_asked_for_is_looked_at(tmp_path: Path) -> None:
    top = committed(tmp_path / "mono", {"fleet/a.yaml": "1\n", "elsewhere/b.yaml": "1\n"})
    write_files(top, {"fleet/a.yaml": "2\n", "elsewhere/b.yaml": "2\n", "fleet/cache/x": ""})
    change = find_range(top / "fleet", "main", besides=top / "fleet" / "cache")
    assert change.files == (("M", "a.yaml"),)
    assert written(top / "fleet", tmp_path / "base") == {"a.yaml": "1\n"}


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("mian", "'mian' names no commit of this clone; did you mean 'main'?"),
        ("", "'' names no commit of this clone; fetch it first, with `git fetch origin BRANCH`"),
        ("--upload-pack=touch", "'--upload-pack=touch' names no commit of this clone"),
        ("main\nHEAD", r"'main\nHEAD' names no commit of this clone"),
        ("HEAD:a.yaml", "'HEAD:a.yaml' names no commit of this clone"),
        ("HEAD~7", "'HEAD~7' names no commit of this clone"),
        ("origin/HEAD", "the clone does not know which branch is origin's default"),
        ("other", "other and HEAD have no commit in common"),
    ],
)
def test_a_ref_that_is_none_is_refused(tmp_path: Path, ref: str, said: str) -> None:
    root = committed(tmp_path / "fleet", {"a.yaml": "1\n"})
    git(root, "switch", "-q", "--orphan", "other")
    commit(root)
    git(root, "switch", "-q", "main")
    with pytest.raises(RepositoryError) as refused:
        find_range(root, ref)
    assert said in str(refused.value)


def test_a_shallow_clone_is_told_of(tmp_path: Path) -> None:
    origin = committed(tmp_path / "origin", {"a.yaml": "1\n"})
    for number in range(3):
        (origin / "a.yaml").write_text(f"{number}\n", encoding="utf-8")
        commit(origin)
    git(origin, "switch", "-q", "-c", "topic")
    commit(origin, "one")
    git(origin, "switch", "-q", "main")
    commit(origin, "other")
    git(tmp_path, "clone", "-q", "--depth=1", "--no-single-branch", f"file://{origin}", "clone")
    git(tmp_path / "clone", "switch", "-q", "topic")
    with pytest.raises(RepositoryError, match=r"this clone is too shallow.*fetch-depth: 0"):
        find_range(tmp_path / "clone", "origin/main")
    with pytest.raises(RepositoryError, match=r"names no commit.*The clone is shallow"):
        find_range(tmp_path / "clone", "HEAD~1")


def test_outside_of_git_and_without_a_commit(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match="is in no Git work tree"):
        find_range(tmp_path, "main")
    git(tmp_path, "init", "-q")
    with pytest.raises(RepositoryError, match="has no commit yet"):
        find_range(tmp_path, "main")


def test_nothing_of_the_repository_is_run(tmp_path: Path) -> None:
    root = committed(tmp_path / "fleet", {"a.yaml": "1\n", ".gitattributes": "* filter=own diff=own\n"})
    ran = tmp_path / "ran"
    for name in ("filter.own.clean", "filter.own.smudge", "filter.own.process", "core.fsmonitor", "diff.own.textconv"):
        git(root, "config", name, f"touch {ran}; cat")
    git(root, "config", "diff.external", f"touch {ran}")
    for hook in ("post-checkout", "post-index-change", "reference-transaction", "fsmonitor-watchman"):
        (root / ".git" / "hooks" / hook).write_text(f"#!/bin/sh\ntouch {ran}\n", encoding="utf-8")
        (root / ".git" / "hooks" / hook).chmod(0o755)
    os.utime(root / "a.yaml", (1, 1))
    assert find_range(root, "main").files == ()
    (root / "a.yaml").write_text("2\n", encoding="utf-8")
    assert find_range(root, "main").files == (("M", "a.yaml"),)
    assert written(root, tmp_path / "base")["a.yaml"] == "1\n"
    assert not ran.exists()


def test_nothing_is_fetched(tmp_path: Path) -> None:
    origin = committed(tmp_path / "origin", {"a.yaml": "1\n"})
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin, "config", "uploadpack.allowAnySHA1InWant", "true")
    (origin / "a.yaml").write_text("2\n", encoding="utf-8")
    commit(origin)
    git(tmp_path, "clone", "-q", "--filter=blob:none", f"file://{origin}", "clone")
    root = tmp_path / "clone"
    git(root, "update-ref", "refs/heads/older", git(root, "rev-parse", "HEAD~1"))
    with pytest.raises(RepositoryError, match=r"--gitops-base: older: .*(could not fetch|is not in this clone)"):
        written(root, tmp_path / "base", "older")


def test_a_clone_that_lacks_a_file_s_content_is_told(tmp_path: Path) -> None:
    root = committed(tmp_path / "fleet", {"a.yaml": "1\n", "b.yaml": "2\n"})
    oid = git(root, "rev-parse", "HEAD:b.yaml")
    (root / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(RepositoryError, match=f"--gitops-base: main: the object {oid[:12]} of b.yaml is not in this"):
        written(root, tmp_path / "base")


def test_links_and_submodules_lead_nowhere(tmp_path: Path) -> None:
    inner = committed(tmp_path / "inner", {"x.yaml": "1\n"})
    root = committed(tmp_path / "fleet", {"a.yaml": "1\n"})
    (root / "link.yaml").symlink_to("/etc/passwd")
    (root / "up").symlink_to("..")
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "vendor")
    commit(root)
    base = find_range(root, "main").write_base(find_repository(root), tmp_path / "base")
    assert base.submodules == ("vendor",)
    found = written(root, tmp_path / "again")
    assert found.pop(".gitmodules").startswith('[submodule "vendor"]')
    assert found == {"a.yaml": "1\n", "link.yaml": f"-> {exporting.NOWHERE}", "up": f"-> {exporting.NOWHERE}"}


def test_submodules_that_are_checked_out_are_written_where_they_are_asked_for(tmp_path: Path) -> None:
    inner = committed(tmp_path / "inner", {"x.yaml": "1\n"})
    root = committed(tmp_path / "fleet", {"a.yaml": "1\n"})
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner), "vendor")
    commit(root)
    write_files(root, {"vendor/x.yaml": "2\n"})
    change = find_range(root, "main")
    base = change.write_base(find_repository(root), tmp_path / "base", submodules=True)
    assert (base.root / "vendor" / "x.yaml").read_text(encoding="utf-8") == "1\n"
    git(root, "submodule", "--quiet", "deinit", "--force", "vendor")
    (root / "vendor").rmdir()
    (root / "vendor").symlink_to(inner)
    other = find_range(root, "main").write_base(find_repository(root), tmp_path / "other", submodules=True)
    assert not (other.root / "vendor").exists()


def test_what_a_sparse_checkout_leaves_out_is_left_out_of_the_base(tmp_path: Path) -> None:
    root = committed(tmp_path / "fleet", {"a/one.yaml": "1\n", "b/two.yaml": "1\n", "c.yaml": "1\n"})
    git(root, "sparse-checkout", "set", "a")
    assert not (root / "b").exists()
    change = find_range(root, "main")
    assert change.files == ()
    assert written(root, tmp_path / "base") == {"a/one.yaml": "1\n", "c.yaml": "1\n"}


def hostile_tree(root: Path, *entries: tuple[str, str, bytes]) -> str:
    """Return a commit with a tree of these modes, names and object ids, whatever Git thinks of the names."""
    data = b"".join(b"%s %s\0%s" % (mode.encode(), name.encode(), oid) for mode, name, oid in entries)
    tree = git(root, "hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=data)
    return git(root, "commit-tree", tree, "-m", "hostile")


def test_names_that_leave_the_tree_are_left_out(tmp_path: Path) -> None:
    root = committed(tmp_path / "fleet", {"a.yaml": "1\n"})
    blob = bytes.fromhex(git(root, "rev-parse", "HEAD:a.yaml"))
    link = bytes.fromhex(git(root, "hash-object", "-w", "--stdin", given=str(tmp_path / "outside").encode()))
    (tmp_path / "outside").mkdir()
    below = bytes.fromhex(git(root, "hash-object", "-t", "tree", "-w", "--stdin", given=b"100644 evil.yaml\0" + blob))
    bad = hostile_tree(
        root,
        ("100644", "../evil.yaml", blob),
        ("40000", "..", below),
        ("100644", "/evil.yaml", blob),
        ("40000", ".git", below),
        ("40000", ".GIT", below),
        ("120000", "dir", link),
        ("40000", "dir", below),
        ("100644", "fine.yaml", blob),
        ("100644", "fine.yaml", blob),
    )
    git(root, "update-ref", "refs/heads/bad", bad)
    target = tmp_path / "deep" / "base"
    exporting.export(Store(root), git(root, "rev-parse", "bad^{tree}"), target)
    assert sorted(os.listdir(target)) == ["dir", "fine.yaml"]
    assert (target / "dir").is_symlink()
    assert os.listdir(tmp_path / "outside") == []
    assert sorted(os.listdir(target.parent)) == ["base"]
    assert not list(tmp_path.rglob("evil.yaml"))


def test_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = committed(tmp_path / "fleet", {"a.yaml": "1\n", "large.bin": "0" * 5000})
    tree = git(root, "rev-parse", "HEAD^{tree}")
    monkeypatch.setattr(exporting, "LARGEST_FILE", 4000)
    exporting.export(Store(root), tree, tmp_path / "sparse")
    large = tmp_path / "sparse" / "large.bin"
    assert (large.stat().st_size, large.read_bytes().strip(b"\0")) == (5000, b"")
    assert stat.S_IMODE(large.stat().st_mode) == 0o600
    monkeypatch.setattr(exporting, "MOST_FILES", 1)
    with pytest.raises(RepositoryError, match="the base holds 2 files with 0 MiB, more than the 1 files"):
        exporting.export(Store(root), tree, tmp_path / "refused")


def test_objects_of_sha256_are_told_apart_too(tmp_path: Path) -> None:
    root = tmp_path / "fleet"
    root.mkdir()
    git(root, "init", "-q", "-b", "main", "--object-format=sha256")
    committed(root, two_clusters())
    os.utime(root / "apps/base/config.yaml", (1, 1))
    assert find_range(root, "main").files == ()
    assert len(find_range(root, "main").base.commit) == len(hashlib.sha256().hexdigest())
