namespace RedisLite.Engine.Commands;

/// <summary>
/// [count [WITHVALUES]], as SRANDMEMBER, HRANDFIELD and ZRANDMEMBER have it: without a count one element is wanted, a negative count asks for elements that
/// may come again.
/// </summary>
internal readonly record struct SampleArguments(bool IsOne, long Count, bool WithValues)
{
    private const int RepeatsBetweenChecks = 1024;

    /// <summary>False: the error has been replied.</summary>
    public static bool TryParse(CommandContext ctx, ReadOnlySpan<byte> valuesWord, out SampleArguments arguments)
    {
        var args = ctx.ArgsFrom(2);
        var isOne = !args.More;
        var count = isOne ? 1 : args.NextInt64(-long.MaxValue, long.MaxValue);
        var withValues = args.Take(valuesWord);
        if (args.More) args.Unexpected();
        if (withValues && count is < -(long.MaxValue / 2) or > long.MaxValue / 2) args.Fail(Errors.OutOfRange);
        arguments = new SampleArguments(isOne, count, withValues);
        return !args.Failed();
    }

    /// <summary>One more repetition, unless the client cannot take any more: a count of billions must not exhaust memory.</summary>
    public static bool GoesOn(CommandContext ctx, ref long left)
    {
        if (left % RepeatsBetweenChecks == 0) ctx.Engine.Clients.CheckOutputLimit(ctx.Client);
        return left-- > 0 && !ctx.Client.Has(ClientFlags.Closing);
    }
}
