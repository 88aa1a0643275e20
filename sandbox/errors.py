"""How a bureau or a cloud says no."""


class Refused(Exception):
    """A business refusal with the Chinese text a real answer would carry."""

    def __init__(self, text, code=999, data=None):
        super().__init__(text)
        self.text = text
        self.code = code
        self.data = data
