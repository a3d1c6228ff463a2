namespace RedisLite.Engine.Commands;

/// <summary>[timeout] numkeys key [key ...] end [COUNT count], as LMPOP, ZMPOP and their blocking forms have it. The end is one of two words.</summary>
internal readonly record struct MultiPopArguments(int FirstKey, int LastKey, bool FromFirstEnd, long Count, long TimeoutMs)
{
    private const string NumKeysTooSmall = "ERR numkeys should be greater than 0";

    /// <summary>False: the error has been replied.</summary>
    public static bool TryParse(CommandContext ctx, bool mayBlock, ReadOnlySpan<byte> firstEnd, ReadOnlySpan<byte> secondEnd, out MultiPopArguments arguments)
    {
        arguments = default;
        var numKeysAt = mayBlock ? 2 : 1;
        var head = ctx.ArgsFrom(numKeysAt);
        var numKeys = head.NextPositive(NumKeysTooSmall);
        if (numKeys >= ctx.Argc - numKeysAt - 1) head.Unexpected();
        if (head.Failed()) return false;

        var last = numKeysAt + (int)numKeys;
        var args = ctx.ArgsFrom(last + 1);
        var fromFirst = args.Take(firstEnd);
        if (!fromFirst && !args.Take(secondEnd)) args.Unexpected();
        long count = -1;
        while (args.More)
        {
            if (count < 0 && args.Left > 1 && args.Take("COUNT"u8)) count = args.NextPositive("ERR count should be greater than 0");
            else args.Unexpected();
        }

        if (args.Failed()) return false;

        var first = ctx.ArgsFrom(1);
        var timeout = mayBlock ? first.NextTimeout() : 0;                     // stands first, is looked at last
        arguments = new MultiPopArguments(numKeysAt + 1, last, fromFirst, count < 0 ? 1 : count, timeout);
        return !first.Failed();
    }
}
