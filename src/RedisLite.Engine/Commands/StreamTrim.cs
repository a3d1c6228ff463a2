using RedisLite.Data.Values;

namespace RedisLite.Engine.Commands;

/// <summary>
/// How XADD and XTRIM shorten a stream. Trimming by <c>~</c> takes whole nodes, so that what goes hangs on how entries fell into nodes: such a request
/// is passed on as the exact length that it left.
/// </summary>
internal struct StreamTrim
{
    private const long LimitMax = 1_000_000;

    private enum Strategy : byte { None, MaxLength, MinId }

    private Strategy _strategy;
    private long _lengthMax;
    private StreamId _minId;
    private long _limit;
    private bool _hasLimit;

    public bool IsApproximate { get; private set; }

    public readonly bool IsGiven => _strategy != Strategy.None;

    /// <summary>Takes one trimming option with its arguments; false when the next argument is none.</summary>
    public bool TryTake(ref ArgReader args)
    {
        if (args.Left < 2) return false;
        if (args.Take("MAXLEN"u8))
        {
            Begin(ref args, Strategy.MaxLength);
            _lengthMax = args.NextInt64();
            if (_lengthMax < 0) args.Fail("ERR The MAXLEN argument must be >= 0.");
        }
        else if (args.Take("MINID"u8))
        {
            Begin(ref args, Strategy.MinId);
            _minId = args.NextId();
        }
        else if (args.Take("LIMIT"u8))
        {
            _limit = args.NextInt64();
            if (_limit < 0) args.Fail("ERR The LIMIT argument must be >= 0.");
            _hasLimit = true;
        }
        else return false;
        return true;
    }

    private void Begin(ref ArgReader args, Strategy strategy)
    {
        if (IsGiven) args.Fail("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
        _strategy = strategy;
        IsApproximate = args.Left > 1 && args.Take("~"u8);
        if (!IsApproximate && args.Left > 1) args.Take("="u8);
    }

    /// <summary>What does not go together. A log of redis-server may hold LIMIT with an exact length: there it means nothing.</summary>
    public void Check(CommandContext ctx, ref ArgReader args)
    {
        if (_hasLimit && !IsGiven) args.Fail("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
        if (_hasLimit && !IsApproximate && !ctx.Client.Has(ClientFlags.Internal)) args.Fail("ERR syntax error, LIMIT cannot be used without the special ~ option");
        if (!IsApproximate) _limit = 0;
        else if (!_hasLimit) _limit = DefaultLimit(ctx.Config.StreamNodeMaxEntries);
    }

    /// <summary>The work of a hundred nodes.</summary>
    private static long DefaultLimit(long nodeEntries) => nodeEntries <= 0 ? 10_000 : nodeEntries >= LimitMax / 100 ? LimitMax : nodeEntries * 100;

    /// <summary>Returns how many entries went.</summary>
    public readonly long Apply(StreamValue stream) => _strategy switch
    {
        Strategy.MaxLength => stream.TrimToLength(_lengthMax, IsApproximate, _limit),
        Strategy.MinId => stream.TrimBelow(_minId, IsApproximate, _limit),
        _ => 0,
    };

    /// <summary>The option as an effect, exactly.</summary>
    public readonly EffectBuilder AddTo(EffectBuilder effect, long lengthAfter)
    {
        if (IsApproximate) return effect.Arg("MAXLEN"u8).Arg("="u8).Arg(lengthAfter);
        return _strategy switch
        {
            Strategy.MaxLength => effect.Arg("MAXLEN"u8).Arg("="u8).Arg(_lengthMax),
            Strategy.MinId => effect.Arg("MINID"u8).Arg("="u8).Arg(_minId),
            _ => effect,
        };
    }
}
