"""Types into real shells and looks at what they complete; reads the manual pages with `man`.

    apt-get install bash-completion zsh fish man-db
    cargo build
    python tests/tools/completions_check.py target/debug/rvqscope

Needs Python 3.8 and those of the shells that are to be tried: one that is not installed is passed over, and said so.
"""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# What is typed before the Tab key, and what the line must hold then.
CASES = [
    ("rvqscope swe", "rvqscope sweep "),
    ("rvqscope train --standa", "rvqscope train --standardize"),
    ("rvqscope train --rule luc", "rvqscope train --rule lucidrains"),
    ("rvqscope doctor mod", "rvqscope doctor model.safetensors"),
    ("rvqscope completions elv", "rvqscope completions elvish"),
    ("rvqscope mod", "rvqscope model.safetensors"),
]
# What a shell cannot do: clap gives fish no words for what is no flag, and fish offers files where no command fits but completes none there.
LACKS = {"fish": ["rvqscope completions elv", "rvqscope mod"]}


class Shell:
    """A shell behind a terminal."""

    def __init__(self, args, folder, env):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(folder)
            os.execvpe(args[0], args, env)
        self.read(1.0)

    def read(self, quiet):
        """What comes until nothing has come for so long."""
        out = b""
        while select.select([self.terminal], [], [], quiet)[0]:
            try:
                out += os.read(self.terminal, 65536)
            except OSError:
                break
        text = out.decode(errors="replace")
        # Colours and movements of the cursor, which tell nothing of the letters.
        text = re.sub(r"\x1b\][^\x07\x1b]*(\x07|\x1b\\)", "", text)
        return re.sub(r"\x1b[\[(][0-9;?=>]*[A-Za-z]|\x1b[=>]|\x08.|\r", "", text)

    def type(self, text, quiet=1.0):
        os.write(self.terminal, text.encode())
        return self.read(quiet)

    def close(self):
        os.close(self.terminal)
        os.waitpid(self.pid, 0)


def start(name, program, folder):
    """A shell that has taken in the completions as its users would."""
    script = subprocess.run([program, "completions", name], check=True, capture_output=True, text=True).stdout
    env = {"PATH": f"{Path(program).parent}:{os.environ['PATH']}", "HOME": folder, "TERM": "xterm", "LANG": "C.UTF-8", "PS1": "> "}
    if name == "bash":
        (Path(folder) / "rvqscope.bash").write_text(script)
        shell = Shell(["bash", "--norc", "--noprofile", "-i"], folder, env)
        shell.type("bind 'set enable-bracketed-paste off'; source rvqscope.bash\n")
    elif name == "zsh":
        functions = Path(folder) / "functions"
        functions.mkdir()
        (functions / "_rvqscope").write_text(script)
        shell = Shell(["zsh", "-f", "-i"], folder, env)
        shell.type("unset zle_bracketed_paste; fpath=(functions $fpath); autoload -U compinit; compinit -u -D\n", 2.0)
    else:
        functions = Path(folder) / ".config/fish/completions"
        functions.mkdir(parents=True)
        (functions / "rvqscope.fish").write_text(script)
        shell = Shell(["fish", "--private", "-i"], folder, env)
        shell.read(2.0)
    return shell


def check_shell(name, program):
    folder = tempfile.mkdtemp()
    try:
        (Path(folder) / "model.safetensors").touch()
        shell = start(name, program, folder)
        cases = [case for case in CASES if case[0] not in LACKS.get(name, [])]
        for typed, wanted in cases:
            echoed = shell.type(typed)
            shown = shell.type("\t", 2.0)
            text = typed + shown if not shown.lstrip().startswith("rvqscope") else shown
            # Shells draw only what has changed: what was added has to be there, in whatever way.
            added = wanted[len(typed):].strip()
            assert wanted.strip() in text or shown.strip().startswith(added), (name, typed, echoed, shown)
            # Ctrl-C gives a fresh line.
            shell.type("\x03")
        shell.close()
    finally:
        # fish goes on writing there for a moment.
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{name}: {len(cases)} completions")


def check_pages(program):
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run([program, "man", f"{folder}/man1"], check=True, capture_output=True, text=True).stdout
        pages = [Path(line) for line in out.splitlines()]
        assert {"rvqscope.1", "rvqscope-train.1", "rvqscope-man.1"} <= {page.name for page in pages}
        for page in pages:
            if not shutil.which("man"):
                print("man: not installed, so that no page was set")
                return
            env = {**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"}
            set_page = subprocess.run(["man", "--warnings", "-l", str(page)], check=True, capture_output=True, text=True, env=env)
            assert not set_page.stderr, (page.name, set_page.stderr)
            command = page.stem.replace("rvqscope-", "") if page.stem != "rvqscope" else None
            help_text = subprocess.run([program, *([command] if command else []), "--help"], check=True, capture_output=True, text=True).stdout
            missing = [flag for flag in re.findall(r"^ +(?:-\w, )?(--[a-z-]+)", help_text, re.M) if flag not in set_page.stdout]
            assert not missing, (page.name, missing)
        example = subprocess.run(["man", "-l", f"{folder}/man1/rvqscope-train.1"], check=True, capture_output=True, text=True, env=env).stdout
        assert re.search(r"^ +rvqscope train speech/ --out model.safetensors$", example, re.M), "examples keep their lines"
    print(f"man: {len(pages)} pages")


def main():
    program = str(Path(sys.argv[1]).resolve())
    # Whichever language whoever runs this has.
    os.environ["RVQSCOPE_LANG"] = "en"
    for name in ("bash", "zsh", "fish"):
        if shutil.which(name):
            check_shell(name, program)
        else:
            print(f"{name}: not installed, so that it was not tried")
    check_pages(program)


if __name__ == "__main__":
    main()
