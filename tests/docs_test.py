"""The documents tell the truth, as far as a machine can see it.

Every relative link resolves, anchors included. In fences, the word after the language says what must hold:

    ```sh test      the commands succeed, in a copy of docs, examples and scenarios, with weir and timeline on the PATH
    ```yaml test    `weir check` accepts the configuration

Blocks without the word are for reading only.
"""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from house_tree import ROOT, TreeCase

WEIR = os.environ.get("WEIR")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
SKIPPED = {"build", ".git", "node_modules"}


def documents(root):
    for path in sorted(root.rglob("*.md")):
        if not SKIPPED & set(path.relative_to(root).parts):
            yield path


def blocks(text):
    """(line number, info string, body) of every fenced block."""
    start, info, body = 0, "", None
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip().startswith("```"):
            if body is None:
                start, info, body = number, line.strip()[3:].strip(), []
            else:
                yield start, info, "\n".join(body) + "\n"
                body = None
        elif body is not None:
            body.append(line)


def without_blocks(text):
    """The lines of a document, those of fenced blocks empty."""
    inside = False
    for line in text.splitlines():
        fence = line.strip().startswith("```")
        yield "" if inside or fence else line
        inside ^= fence


def anchors(path):
    """Headings as GitHub names them: lower case, punctuation gone, spaces to hyphens."""
    headings = [line.lstrip("#").strip() for line in without_blocks(path.read_text()) if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(root):
    for path in documents(root):
        for number, line in enumerate(without_blocks(path.read_text()), 1):
            for link in LINK.findall(re.sub(r"`[^`]*`", "", line)):
                if re.match(r"[a-z]+:", link):
                    continue
                name, _, anchor = link.partition("#")
                target = path.parent / name if name else path
                if not target.exists():
                    yield f"{path.relative_to(root)}:{number}: {link}: no such file"
                elif anchor and target.suffix == ".md" and anchor not in anchors(target):
                    yield f"{path.relative_to(root)}:{number}: {link}: no such heading"


def marked_blocks(language):
    for path in documents(ROOT):
        for line, info, body in blocks(path.read_text()):
            if info == f"{language} test":
                yield f"{path.relative_to(ROOT)}:{line}", body


class Links(TreeCase):
    def test_links_resolve(self):
        self.assert_clean(dead_links(ROOT))

    def test_rows(self):
        for message, expected, text in [
            ("a file beside", None, "[b](b.md)"),
            ("a heading of it", None, "[b](b.md#how-it-works-2)"),
            ("the web is not ours", None, "[x](https://example.com/x)"),
            ("code is not a link", None, "`[b](c.md)`\n```\n[b](c.md)\n```"),
            ("no such file", "a.md:2: c.md: no such file", "\n[b](c.md)"),
            ("no such heading", "a.md:1: b.md#why: no such heading", "[b](b.md#why)"),
        ]:
            with self.subTest(message):
                self.assert_finds(expected, dead_links, {"a.md": text, "b.md": "# How it works, `2`\n```\n# why\n```\n"})


@unittest.skipUnless(WEIR, "WEIR does not name the binary")
class Commands(TreeCase):
    def run_in_copy(self, body):
        """Runs commands where a reader would, without touching the tree."""
        with tempfile.TemporaryDirectory() as directory:
            for folder in ("docs", "examples", "scenarios"):
                shutil.copytree(ROOT / folder, pathlib.Path(directory) / folder)
            path = f"{pathlib.Path(WEIR).parent}{os.pathsep}{os.environ['PATH']}"
            return subprocess.run(["bash", "-euo", "pipefail", "-c", body], cwd=directory, timeout=60, text=True,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env={**os.environ, "PATH": path}, check=False)

    def test_commands_succeed(self):
        for where, body in marked_blocks("sh"):
            with self.subTest(where):
                done = self.run_in_copy(body)
                self.assertEqual(0, done.returncode, f"{where}:\n{body}\n{done.stdout}")

    def test_configurations_are_accepted(self):
        for where, body in marked_blocks("yaml"):
            with self.subTest(where):
                done = self.run_in_copy(f"cat > weir.yaml <<'EOF'\n{body}EOF\nweir check -c weir.yaml")
                self.assertEqual(0, done.returncode, f"{where}:\n{body}\n{done.stdout}")

    def test_a_wrong_configuration_is_not(self):
        done = self.run_in_copy("echo 'no_such_key: 1' > weir.yaml; weir check -c weir.yaml")
        self.assertNotEqual(0, done.returncode, done.stdout)


if __name__ == "__main__":
    unittest.main()
