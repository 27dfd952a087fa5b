"""CRC-32C (Castagnoli) of large arrays, with NumPy alone.

The bytes are cut into lanes of equal length whose checksums are computed side by side, four bytes a step, and then joined two by two.
"""

import numpy as np

POLYNOMIAL = 0x82F63B78  # reflected
LANES = 1 << 13
MIN_LANE = 64  # words


def _tables():
    """tables[k][b]: the register after the byte b and k zero bytes."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(POLYNOMIAL), table >> 1).astype(np.uint32)
    tables = [table]
    for _ in range(3):
        tables.append(table[tables[-1] & 0xFF] ^ (tables[-1] >> 8))
    return tables


_TABLES = _tables()


def _bytes(register, data):
    """The register after some bytes, one by one."""
    table = _TABLES[0]
    for byte in data:
        register = int(table[(register ^ byte) & 0xFF]) ^ (register >> 8)
    return register


def _words(registers, words):
    """The registers after a row of 32-bit words each; words has a column a lane."""
    t0, t1, t2, t3 = _TABLES
    for row in words:
        x = registers ^ row
        registers = t3[x & 0xFF] ^ t2[(x >> 8) & 0xFF] ^ t1[(x >> 16) & 0xFF] ^ t0[x >> 24]
    return registers


def _apply(matrix, registers):
    """The product of a matrix over GF(2), 32 columns, with each register."""
    result = np.zeros_like(registers)
    for bit in range(32):
        result ^= np.where((registers >> np.uint32(bit)) & 1, matrix[bit], np.uint32(0))
    return result


def _zeros(byte_count):
    """The matrix that advances a register over so many zero bytes."""
    result = np.uint32(1) << np.arange(32, dtype=np.uint32)  # the identity
    power = result.copy()
    power = _TABLES[0][power & 0xFF] ^ (power >> 8)  # one zero byte
    while byte_count:
        if byte_count & 1:
            result = _apply(power, result)
        power = _apply(power, power)
        byte_count >>= 1
    return result


def crc32c(data):
    """The checksum of a contiguous array or of bytes."""
    data = np.frombuffer(data, dtype=np.uint8) if isinstance(data, (bytes, bytearray)) else data.reshape(-1).view(np.uint8)
    register = 0xFFFFFFFF
    lanes = LANES
    while lanes > 1 and data.size < lanes * MIN_LANE * 4:
        lanes //= 2
    length = data.size // 4 // lanes  # of a lane, in words
    if lanes > 1:
        words = np.ascontiguousarray(data[: lanes * length * 4].view("<u4").reshape(lanes, length).T)
        registers = np.zeros(lanes, dtype=np.uint32)
        registers[0] = register
        registers = _words(registers, words)
        shift = _zeros(length * 4)
        while registers.size > 1:
            registers = _apply(shift, registers[0::2]) ^ registers[1::2]
            shift = _apply(shift, shift)
        register = int(registers[0])
        data = data[lanes * length * 4 :]
    return _bytes(register, data.tobytes()) ^ 0xFFFFFFFF
