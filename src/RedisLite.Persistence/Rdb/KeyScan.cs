namespace RedisLite.Persistence.Rdb;

/// <summary>
/// Glances at the keys that lie ahead in the reader's buffer, so that their places in the table can be on their way to the cache before they are needed. It
/// knows short plain keys with plain strings as values, perhaps with an expiry; at anything else, and at the end of the buffer, it stops. Nothing is decided
/// here: the reader reads everything again.
/// </summary>
internal ref struct KeyScan(ReadOnlySpan<byte> ahead)
{
    private const int ExpiryBytes = 9;

    private readonly ReadOnlySpan<byte> _ahead = ahead;
    private int _at;
    private bool _isOver;

    public bool TryNext(out ReadOnlySpan<byte> key)
    {
        key = default;
        if (_isOver) return false;
        while (_at < _ahead.Length && _ahead[_at] == RdbFormat.OpExpireTimeMs) _at += ExpiryBytes;
        if (_at >= _ahead.Length || _ahead[_at] >= RdbFormat.OpSlotImport) return false;
        var type = _ahead[_at++];
        if (!TryPlain(out key)) return false;
        _isOver = type != RdbFormat.TypeString || !TrySkipValue();
        return true;
    }

    private bool TryPlain(out ReadOnlySpan<byte> text)
    {
        text = default;
        if (_at + 1 >= _ahead.Length) return false;
        int first = _ahead[_at], head = 1, length = first & 0x3F;
        if (first >> 6 == 1) (head, length) = (2, length << 8 | _ahead[_at + 1]);
        else if (first >> 6 != 0) return false;
        if (length > _ahead.Length - _at - head) return false;
        text = _ahead.Slice(_at + head, length);
        _at += head + length;
        return true;
    }

    private bool TrySkipValue()
    {
        if (_at < _ahead.Length && _ahead[_at] >> 6 == 3)
        {
            var integer = _ahead[_at] & 0x3F;
            if (integer is not (RdbFormat.EncodedInt8 or RdbFormat.EncodedInt16 or RdbFormat.EncodedInt32)) return false;
            _at += integer switch { RdbFormat.EncodedInt8 => 2, RdbFormat.EncodedInt16 => 3, _ => 5 };
            return true;
        }
        return TryPlain(out _);
    }
}
