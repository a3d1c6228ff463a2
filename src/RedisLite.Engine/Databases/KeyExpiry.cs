using RedisLite.Data;

namespace RedisLite.Engine.Databases;

/// <summary>Giving a key its time: the one body behind EXPIRE and its relatives and GETEX.</summary>
internal static class KeyExpiry
{
    /// <summary>A time that is past removes the key at once. Both outcomes are propagated as such: PEXPIREAT, or DEL.</summary>
    public static void Set(CommandContext ctx, ReadOnlySpan<byte> key, Entry entry, long expireAtMs)
    {
        if (expireAtMs <= ctx.NowMs && !ctx.Engine.IsLoading && !ctx.Engine.IsReplica)
        {
            ctx.Remove(entry);
            ctx.Changed(key, KeyEvents.Del);
            ctx.PropagateAs(ctx.Config.LazyfreeLazyExpire ? "UNLINK"u8 : "DEL"u8).Arg(key);
            return;
        }

        entry.SetExpireAt(expireAtMs);
        ctx.Changed(key, KeyEvents.Expire);
        ctx.PropagateAs("PEXPIREAT"u8).Arg(key).Arg(expireAtMs);
    }
}
