using RedisLite.Data;

namespace RedisLite.Engine;

/// <summary>
/// One cursor over the options of a command. It remembers the first error, later reads are no-ops: parse everything, check
/// <see cref="Failed"/> once, so that option loops have no error branches.
/// </summary>
internal ref struct ArgReader
{
    private readonly CommandContext ctx;
    private int at;
    private string? error;

    public ArgReader(CommandContext ctx, int first)
    {
        this.ctx = ctx;
        at = first;
    }

    /// <summary>Arguments are left and nothing failed yet.</summary>
    public readonly bool More => error is null && at < ctx.Argc;

    public readonly int Left => ctx.Argc - at;

    public readonly int Position => at;

    public readonly bool HasFailed => error is not null;

    /// <summary>True and one step on when the next argument is this word, letter case ignored. The word must be upper case.</summary>
    public bool Take(ReadOnlySpan<byte> upperWord)
    {
        if (!More || !Ascii.EqualsIgnoreCase(ctx.Arg(at), upperWord)) return false;
        at++;
        return true;
    }

    public readonly bool Peek(ReadOnlySpan<byte> upperWord) => More && Ascii.EqualsIgnoreCase(ctx.Arg(at), upperWord);

    public ReadOnlySpan<byte> Next()
    {
        if (error is not null) return default;
        if (at < ctx.Argc) return ctx.Arg(at++);
        error = Errors.Syntax;
        return default;
    }

    public long NextInt64(string onError = Errors.NotInteger)
    {
        var arg = Next();
        if (error is not null) return 0;
        if (NumberText.TryParseInt64(arg, out var value)) return value;
        error = onError;
        return 0;
    }

    /// <summary>A number within bounds; one message for whatever is wrong with it, or Redis's two.</summary>
    public long NextInt64(long min, long max, string? onError = null)
    {
        var value = NextInt64(onError ?? Errors.NotInteger);
        if (error is null && (value < min || value > max)) error = onError ?? Errors.NotBetween(min, max);
        return value;
    }

    /// <summary>A number that is not negative; one message for whatever is wrong with it.</summary>
    public long NextCount(string onError)
    {
        var value = NextInt64(onError);
        if (value < 0) Fail(onError);
        return value;
    }

    public long NextPositive(string onError)
    {
        var value = NextInt64(onError);
        if (value < 1) Fail(onError);
        return value;
    }

    /// <summary>The index of a database that exists; 0 when it does not.</summary>
    public int NextDatabase()
    {
        var index = NextInt64(int.MinValue, int.MaxValue);
        if (index >= 0 && index < ctx.Engine.Databases.Length) return error is null ? (int)index : 0;
        Fail(Errors.DbIndexOutOfRange);
        return 0;
    }

    public double NextDouble(string onError = Errors.NotFloat)
    {
        var arg = Next();
        if (error is not null) return 0;
        if (NumberText.TryParseDouble(arg, out var value)) return value;
        error = onError;
        return 0;
    }

    /// <summary>Seconds as a fraction, 0 = for ever. Returns milliseconds.</summary>
    public long NextTimeout()
    {
        var arg = Next();
        if (error is not null) return 0;
        // As a long double reads it: what only such a one holds is a number all the same, far too big or as good as 0.
        if (!NumberText.TryParseDouble(arg, out var seconds)
            && !(ExtendedFloat.TryParse(arg, out var wide) && wide.IsFinite && NumberText.TryParseScoreBound(arg, out seconds, out _)))
            error = Errors.TimeoutNotFloat;
        else if (seconds < 0) error = Errors.TimeoutNegative;
        else if (seconds * 1000 > long.MaxValue - 1e15) error = Errors.TimeoutOutOfRange;
        else return (long)Math.Ceiling(seconds * 1000);
        return 0;
    }

    public void Fail(string message) => error ??= message;

    /// <summary>An option that is not known, or one too many.</summary>
    public void Unexpected() => error ??= Errors.Syntax;

    /// <summary>True when something was wrong; the error has then been replied.</summary>
    public readonly bool Failed()
    {
        if (error is null) return false;
        ctx.Reply.Error(error);
        return true;
    }
}
