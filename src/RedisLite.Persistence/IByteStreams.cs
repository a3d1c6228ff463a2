namespace RedisLite.Persistence;

/// <summary>Takes bytes in order: a file, a socket, a buffer.</summary>
internal interface IByteSink
{
    void Write(ReadOnlySpan<byte> bytes);
}

/// <summary>Gives bytes in order; 0 = the end.</summary>
internal interface IByteSource
{
    int Read(Span<byte> into);
}
