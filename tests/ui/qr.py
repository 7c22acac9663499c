"""Reads a QR code from its modules as a camera's program would (ISO/IEC 18004), errors not mended."""

# Of versions 1 to 6 at level M: how many blocks, and how many bytes of data in each.
BLOCKS = {1: (1, 16), 2: (1, 28), 3: (1, 44), 4: (2, 32), 5: (2, 43), 6: (4, 27)}
MASKS = [lambda y, x: (y + x) % 2, lambda y, x: y % 2, lambda y, x: x % 3, lambda y, x: (y + x) % 3,
         lambda y, x: (y // 2 + x // 3) % 2, lambda y, x: y * x % 2 + y * x % 3,
         lambda y, x: (y * x % 2 + y * x % 3) % 2, lambda y, x: ((y + x) % 2 + y * x % 3) % 2]
LEVEL_M = 0b00


def is_pattern(size, y, x):
    """Whether a module helps to find the code, and says nothing of its text."""
    corner = (y < 9 and (x < 9 or x >= size - 8)) or (y >= size - 8 and x < 9)
    middle = size - 7
    alignment = size > 21 and abs(y - middle) <= 2 and abs(x - middle) <= 2
    return corner or alignment or 6 in (y, x)


def read(dark, size):
    """The text of a code whose dark modules are the pairs (x, y) in `dark`."""
    level_and_mask = 0
    for x in range(5):
        level_and_mask = level_and_mask << 1 | ((x, 8) in dark)
    level_and_mask ^= 0b10101
    assert level_and_mask >> 3 == LEVEL_M
    mask = MASKS[level_and_mask & 7]
    bits = []
    columns = [x for x in range(size - 1, 0, -2) if x > 6] + [5, 3, 1]
    for turn, right in enumerate(columns):
        for y in range(size) if turn % 2 else range(size - 1, -1, -1):
            bits += [((x, y) in dark) != (mask(y, x) == 0) for x in (right, right - 1) if not is_pattern(size, y, x)]
    found = [int("".join("01"[bit] for bit in bits[at:at + 8]), 2) for at in range(0, len(bits) - 7, 8)]
    blocks, length = BLOCKS[(size - 17) // 4]
    content = b"".join(bytes(found[block:blocks * length:blocks]) for block in range(blocks))
    digits = "".join(f"{byte:08b}" for byte in content)
    assert digits[:4] == "0100"  # bytes
    count = int(digits[4:12], 2)
    return bytes(int(digits[12 + 8 * at:20 + 8 * at], 2) for at in range(count)).decode()
