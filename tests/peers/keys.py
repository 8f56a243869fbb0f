"""Runs a program on a terminal of its own and presses keys, as a person at a dashboard would.

Arguments: steps, then "--", then the program with its arguments. A step is a number of seconds to wait, or keys to press,
in which \\r is Enter. Prints what was on the screen last, raw, and ends with the program's exit code.
"""
import os
import pty
import select
import struct
import sys
import time
import fcntl
import termios

end = sys.argv.index("--")
steps, command = sys.argv[1:end], sys.argv[end + 1:]
child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm-256color"
    os.execv(command[0], command)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
shown = b""


def watch(seconds):
    """Takes what is drawn for so long; false once the program is over."""
    global shown
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                read = os.read(terminal, 65536)
            except OSError:
                return False
            if not read:
                return False
            shown = (shown + read)[-65536:]
    return True


for step in steps:
    try:
        watch(float(step))
    except ValueError:
        os.write(terminal, step.replace("\\r", "\r").encode())
while watch(1.0):
    pass
sys.stdout.buffer.write(shown)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
