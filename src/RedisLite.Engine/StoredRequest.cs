using RedisLite.Protocol;

namespace RedisLite.Engine;

/// <summary>A request that outlives its receive buffer: queued by MULTI, or waiting in a blocked client.</summary>
internal sealed class StoredRequest
{
    public required CommandSpec Spec { get; init; }

    public required byte[] Buffer { get; set; }

    public required ArgSlice[] Args { get; init; }

    public ReadOnlySpan<byte> Arg(int i) => Buffer.AsSpan(Args[i].Offset, Args[i].Length);

    /// <summary>Bytes this request keeps alive, for client memory accounting.</summary>
    public int Memory => Buffer.Length + (Args.Length * 8) + 64;

    /// <summary>What redis-server counts for it in CLIENT LIST.</summary>
    public long ArgumentMemory => ArgumentBytes + (Args.Length * 8);

    public long ArgumentBytes => ArgSlice.TotalLength(Args);

    public void SetArg(int i, ReadOnlySpan<byte> text)
    {
        Args[i] = new ArgSlice(Buffer.Length, text.Length);
        Buffer = [.. Buffer, .. text];
    }

    public static StoredRequest Copy(CommandContext ctx)
    {
        var total = 0;
        for (var i = 0; i < ctx.Argc; i++) total += ctx.Arg(i).Length;

        var buffer = new byte[total];
        var args = new ArgSlice[ctx.Argc];
        var at = 0;
        for (var i = 0; i < args.Length; i++)
        {
            var arg = ctx.Arg(i);
            arg.CopyTo(buffer.AsSpan(at));
            args[i] = new ArgSlice(at, arg.Length);
            at += arg.Length;
        }

        return new StoredRequest { Spec = ctx.Spec, Buffer = buffer, Args = args };
    }
}
