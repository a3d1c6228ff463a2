namespace RedisLite.Lua;

/// <summary>A growing byte buffer that respects the memory limit of its runtime.</summary>
internal sealed class ByteBuffer(Meter meter)
{
    private byte[] _bytes = new byte[128];
    private int _length;

    internal int Length => _length;
    internal ReadOnlySpan<byte> Written => _bytes.AsSpan(0, _length);

    internal void Clear() => _length = 0;

    /// <summary>Empties the buffer and lets a large block go.</summary>
    internal void Trim()
    {
        _length = 0;
        if (_bytes.Length > 64 * 1024) _bytes = new byte[128];
    }

    internal void Write(byte b)
    {
        if (_length == _bytes.Length) Grow(1);
        _bytes[_length++] = b;
    }

    internal void Write(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > _bytes.Length - _length) Grow(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    internal void Fill(byte b, int count)
    {
        if (count <= 0) return;
        if (count > _bytes.Length - _length) Grow(count);
        _bytes.AsSpan(_length, count).Fill(b);
        _length += count;
    }

    internal Span<byte> Reserve(int count)
    {
        if (count > _bytes.Length - _length) Grow(count);
        return _bytes.AsSpan(_length);
    }

    internal void Advance(int count) => _length += count;

    internal void Overwrite(int position, byte b) => _bytes[position] = b;

    internal LuaString ToLuaString()
    {
        meter.Charge(Meter.StringBytes + _length);
        var text = LuaString.From(Written);
        Trim();
        return text;
    }

    private void Grow(int extra)
    {
        var size = Math.Max((long)_bytes.Length * 2, (long)_length + extra);
        meter.Reserve(size);
        Array.Resize(ref _bytes, (int)size);
    }
}
