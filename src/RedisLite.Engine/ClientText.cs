using System.Text;
using RedisLite.Engine.Tracking;

namespace RedisLite.Engine;

/// <summary>One line about a client, as CLIENT LIST and the log show it.</summary>
internal static class ClientText
{
    /// <summary>About what the objects behind an idle connection take.</summary>
    private const int FixedBytes = 512;

    public static string Describe(Client client)
    {
        var now = client.Engine.Clock.NowMs;
        var subscriptions = client.Subscriptions;
        var text = new StringBuilder(256);
        text.Append("id=").Append(client.Id)
            .Append(" addr=").Append(client.Connection.RemoteAddress)
            .Append(" laddr=").Append(client.Connection.LocalAddress)
            .Append(" fd=").Append(client.Connection.FileDescriptor)
            .Append(" name=").Append(client.Name)
            .Append(" age=").Append((now - client.CreatedMs) / 1000)
            .Append(" idle=").Append((now - client.LastInteractionMs) / 1000)
            .Append(" flags=").Append(Flags(client))
            .Append(" db=").Append(client.Db)
            .Append(" sub=").Append(subscriptions?.Channels.Count ?? 0)
            .Append(" psub=").Append(subscriptions?.Patterns.Count ?? 0)
            .Append(" ssub=").Append(subscriptions?.ShardChannels.Count ?? 0)
            .Append(" multi=").Append(client.Multi?.Queue.Count ?? -1)
            .Append(" qbuf=").Append(client.QueryBytes - client.Parser.BytesBeforeBigArgument)
            .Append(" qbuf-free=").Append(Math.Max(0, client.QueryBufferSize - client.QueryBytes))
            .Append(" argv-mem=").Append(client.Engine.Executor.ArgumentBytesOf(client))
            .Append(" multi-mem=").Append(client.Multi?.ArgumentMemory ?? 0)
            .Append(" rbs=").Append(client.Output.FirstBlockSize)
            .Append(" rbp=").Append(client.PeakOutput)
            .Append(" obl=").Append(client.Output.Length - client.Output.OverflowLength)
            .Append(" oll=").Append(ClientList.ReplyListLength(client.Output.OverflowLength))
            .Append(" omem=").Append(ClientList.ReplyListBytes(client.Output.OverflowLength))
            .Append(" tot-mem=").Append(MemoryOf(client))
            .Append(" events=").Append(client.Connection.IsWaitingToSend ? "rw" : "r")
            .Append(" cmd=").Append(client.LastCommand?.FullName ?? "NULL")
            .Append(" user=").Append(client.User.Name)
            .Append(" redir=").Append(client.Tracking?.RedirectTo ?? -1)
            .Append(" resp=").Append(client.Reply.Protocol)
            .Append(" lib-name=").Append(client.LibName)
            .Append(" lib-ver=").Append(client.LibVersion);
        return text.ToString();
    }

    public static long MemoryOf(Client client) =>
        FixedBytes + client.QueryBufferSize + client.Output.MemoryInUse + client.HeldBytes + (client.Multi?.Memory ?? 0) + (client.Blocked?.Request.Memory ?? 0)
        + ((client.Name.Length + client.LibName.Length + client.LibVersion.Length) * 2);

    private static string Tracking(TrackingState state) =>
        "t" + (state.RedirectBroken ? "R" : "") + (state.Has(TrackingOptions.Broadcast) ? "B" : "");

    private static string Flags(Client client)
    {
        var text = "";
        if (client.Has(ClientFlags.Replica)) text += client.Has(ClientFlags.Monitor) ? "O" : "S";
        else if (client.Has(ClientFlags.Monitor)) text += "O";
        if (client.Subscriptions is { IsEmpty: false }) text += "P";
        if (client.Multi is not null) text += "x";
        if (client.Has(ClientFlags.Blocked | ClientFlags.Postponed)) text += "b";
        if (client.Tracking is { } tracking) text += Tracking(tracking);
        if (client.Has(ClientFlags.DirtyCas)) text += "d";
        if (client.Has(ClientFlags.CloseAfterReply)) text += "c";
        if (client.Has(ClientFlags.Closing)) text += "A";
        if (client.Connection.IsUnixSocket) text += "U";
        if (client.Has(ClientFlags.NoEvict)) text += "e";
        if (client.Has(ClientFlags.NoTouch)) text += "T";
        return text.Length == 0 ? "N" : text;
    }
}
