namespace RedisLite.Engine.Info;

/// <summary>One remembered request: at most 32 arguments of at most 128 bytes.</summary>
internal sealed record SlowLogEntry(long Id, long UnixSeconds, long Microseconds, byte[][] Args, string ClientAddress, string ClientName);

/// <summary>The last requests that took longer than slowlog-log-slower-than microseconds, newest first.</summary>
internal sealed class SlowLog
{
    private const int ArgsMax = 32;
    private const int ArgLengthMax = 128;

    private readonly LinkedList<SlowLogEntry> entries = new();
    private long nextId;

    public int Count => entries.Count;

    public IEnumerable<SlowLogEntry> Entries => entries;

    public void Add(CommandContext ctx, long microseconds, long lengthMax)
    {
        if (lengthMax <= 0) return;
        var shown = Math.Min(ctx.Argc, ArgsMax);
        var args = new byte[shown][];
        for (var i = 0; i < shown; i++)
        {
            args[i] = shown < ctx.Argc && i == shown - 1
                ? System.Text.Encoding.ASCII.GetBytes($"... ({ctx.Argc - shown + 1} more arguments)")
                : ctx.IsHidden(i) ? "(redacted)"u8.ToArray() : Shorten(ctx.Arg(i));
        }

        var address = ctx.Client.Has(ClientFlags.Script) ? "" : ctx.Client.Connection.RemoteAddress;
        entries.AddFirst(new SlowLogEntry(nextId++, ctx.NowMs / 1000, microseconds, args, address, ctx.Client.Name));
        Trim(lengthMax);
    }

    public void Trim(long lengthMax)
    {
        while (entries.Count > lengthMax) entries.RemoveLast();
    }

    public void Clear() => entries.Clear();

    private static byte[] Shorten(ReadOnlySpan<byte> arg) => arg.Length <= ArgLengthMax
        ? arg.ToArray()
        : [.. arg[..ArgLengthMax], .. System.Text.Encoding.ASCII.GetBytes($"... ({arg.Length - ArgLengthMax} more bytes)")];
}
