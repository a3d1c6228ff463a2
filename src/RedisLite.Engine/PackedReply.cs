using RedisLite.Data.Encodings;
using RedisLite.Protocol;

namespace RedisLite.Engine;

/// <summary>Replies with elements of small encodings, which may lie there as integers.</summary>
internal static class PackedReply
{
    public static void Bulk(this ReplyWriter reply, scoped in PackedValue value)
    {
        if (value.IsInteger) reply.BulkLong(value.Integer);
        else reply.Bulk(value.AsText(default));
    }

    /// <summary>
    /// So many entries of a listpack from a position on (fewer when its end comes first); returns how many there were. Short texts, which nearly all are, go
    /// straight from one block to the other: LRANGE of 100 took 2.5 times as long with a <see cref="PackedValue"/> for each.
    /// </summary>
    public static int Entries(this ReplyWriter reply, ReadOnlySpan<byte> pack, int at, long most)
    {
        var left = most;
        while (left > 0 && !ListPack.IsEnd(pack, at))
        {
            var room = reply.Output.GetSpan(ReplyWriter.ShortBulkRoom);
            var used = 0;
            for (; left > 0 && room.Length - used >= ReplyWriter.ShortBulkRoom && ListPack.TryReadShortText(pack, ref at, out var text); left--)
                used += ReplyWriter.ShortBulk(room[used..], text);
            reply.Output.Commit(used);
            if (used > 0) continue;
            reply.Bulk(ListPack.Read(pack, ref at));
            left--;
        }
        return (int)(most - left);
    }
}
