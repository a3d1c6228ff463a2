namespace RedisLite.Protocol;

/// One argument: a place in the buffer of its batch.
internal readonly record struct ArgSlice(int Offset, int Length)
{
    /// Bytes of arguments, without what surrounds them.
    public static long TotalLength(ReadOnlySpan<ArgSlice> args)
    {
        long bytes = 0;
        foreach (var arg in args) bytes += arg.Length;
        return bytes;
    }
}

/// One complete request. Its arguments are `Args[FirstArg .. FirstArg + Argc]` of the batch; its wire form lies in the buffer that was parsed.
internal readonly record struct Request(int FirstArg, int Argc, int WireStart, int WireLength)
{
    public int WireEnd => WireStart + WireLength;
}

/// What the parser found in one pass over a connection's buffer: up to 32 requests as slices, so that the executor can look ahead (hash and prefetch
/// all keys of the batch) before it runs them in order. One batch serves all connections of a loop; nothing in it outlives the pass.
internal sealed class RequestBatch
{
    public const int RequestsMax = 32;

    /// The bytes that the argument slices point into. Usually the parsed buffer itself; a copy of the line for an inline request with quotes.
    public byte[] Buffer = [];
    public ArgSlice[] Args = new ArgSlice[256];
    public readonly Request[] Requests = new Request[RequestsMax];
    public int Count;
    public int ArgCount;

    /// Offset of the first byte of the parsed buffer that belongs to no complete request.
    public int Consumed;

    private byte[] _unquoted = [];

    public ReadOnlySpan<byte> Arg(in Request request, int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)request.Argc);
        var slice = Args[request.FirstArg + index];
        return Buffer.AsSpan(slice.Offset, slice.Length);
    }

    internal void Start(byte[] buffer, int start)
    {
        Buffer = buffer;
        Consumed = start;
        Count = 0;
        ArgCount = 0;
    }

    internal void Add(int firstArg, int wireStart, int wireEnd)
    {
        Requests[Count++] = new Request(firstArg, ArgCount - firstArg, wireStart, wireEnd - wireStart);
    }

    internal void AddArg(int offset, int length)
    {
        if (ArgCount == Args.Length) Array.Resize(ref Args, Args.Length * 2);
        Args[ArgCount++] = new ArgSlice(offset, length);
    }

    internal void AddArgs(ReadOnlySpan<ArgSlice> args, int origin)
    {
        if (Args.Length - ArgCount < args.Length) Array.Resize(ref Args, Math.Max(Args.Length * 2, ArgCount + args.Length));
        foreach (var arg in args) Args[ArgCount++] = new ArgSlice(arg.Offset + origin, arg.Length);
    }

    /// A line with quotes is unquoted in a copy, because the caller may parse the same bytes again (a paused client) and must find them unchanged.
    internal Span<byte> UseUnquoted(ReadOnlySpan<byte> line)
    {
        if (_unquoted.Length < line.Length) _unquoted = new byte[Math.Max(256, line.Length)];
        line.CopyTo(_unquoted);
        Buffer = _unquoted;
        return _unquoted.AsSpan(0, line.Length);
    }

    /// Gives back what one huge request made this batch grow to.
    public void Trim()
    {
        const int argsKept = 16 * 1024;
        if (Args.Length > argsKept) Args = new ArgSlice[256];
        if (_unquoted.Length > RespLimits.LineMax) _unquoted = [];
        Buffer = [];
        Count = ArgCount = 0;
    }
}
