using System.Text;

namespace RedisLite.Engine.Info;

/// <summary>MONITOR: every request to every client that asked, once it has run: a transaction shows its commands, then EXEC, as in Redis.</summary>
internal sealed class MonitorFeed
{
    private readonly List<Client> clients = [];

    public int Count => clients.Count;

    public void Add(Client client)
    {
        client.Set(ClientFlags.Monitor);
        clients.Add(client);
    }

    public void Remove(Client client)
    {
        if (!client.Has(ClientFlags.Monitor)) return;
        client.Clear(ClientFlags.Monitor);
        clients.Remove(client);
    }

    public void Feed(Client source, CommandContext ctx)
    {
        if (!ctx.Spec.Has(CommandFlags.SkipMonitor | CommandFlags.Admin)) Send(source, ctx);
    }

    /// <summary>A script is shown before it runs, so that its commands come after it, and whether or not it is found.</summary>
    public void FeedScript(CommandContext ctx)
    {
        if (Count > 0) Send(ctx.Client, ctx);
    }

    private void Send(Client source, CommandContext ctx)
    {
        var now = ctx.Engine.Clock.NowUs;
        var address = source.Has(ClientFlags.Script) ? "lua" : source.Connection.RemoteAddress;
        var line = new StringBuilder().Append(now / 1_000_000).Append('.').Append((now % 1_000_000).ToString("D6"))
            .Append(" [").Append(ctx.Db.Index).Append(' ').Append(address).Append(']');
        for (var i = 0; i < ctx.Argc; i++)
        {
            line.Append(" \"");
            Quoting.Append(line, ctx.IsHidden(i) ? "(redacted)"u8 : ctx.Arg(i));
            line.Append('"');
        }

        var bytes = Encoding.Latin1.GetBytes(line.ToString());
        foreach (var client in clients)
        {
            if (client.CloseAfterReply) continue;
            client.Reply.Simple(bytes);
            client.Engine.AfterPush(client);
        }
    }
}

/// <summary>Bytes as a quoted text with escapes, as Redis shows them in MONITOR and logs.</summary>
internal static class Quoting
{
    public static void Append(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        foreach (var b in bytes)
        {
            switch (b)
            {
                case (byte)'\\' or (byte)'"': text.Append('\\').Append((char)b); break;
                case (byte)'\n': text.Append("\\n"); break;
                case (byte)'\r': text.Append("\\r"); break;
                case (byte)'\t': text.Append("\\t"); break;
                case 7: text.Append("\\a"); break;
                case 8: text.Append("\\b"); break;
                case >= 32 and < 127: text.Append((char)b); break;
                default: text.Append("\\x").Append(b.ToString("x2")); break;
            }
        }
    }
}
