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
}
