"""Names and texts that try to be more than text on a page."""

MARKUP = "<img src=x onerror=alert(1)><script>alert(2)</script><b>bold</b>"
HOSTILE_NAME = f"\u202egnp.{MARKUP.replace('/', '')} &amp; \u05d0\u05d1 {'long-' * 60}.txt"
HOSTILE_TEXT = f"{MARKUP} \u202eright to left\u202c \u0645\u0631\u062d\u0628\u0627 {'word ' * 200}{'x' * 1000}"
