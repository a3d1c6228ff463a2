using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>
/// Compares the replies of one connection in order. It remembers what a transaction has queued, because the elements of EXEC's reply follow the
/// rules of the commands they answer.
/// </summary>
internal sealed class SequenceComparer
{
    private readonly List<byte[][]> _queued = [];

    /// <summary>Where in a transaction the last difference was.</summary>
    public string Detail { get; private set; } = "";

    public bool Agree(byte[][] command, byte[] real, byte[] ours)
    {
        var name = CommandText.Quote(command[0]).ToUpperInvariant();
        if (real.AsSpan().SequenceEqual("+QUEUED\r\n"u8)) _queued.Add(command);
        var agree = name == "EXEC" ? AgreeOnExec(command, real, ours) : AgreeOnOne(command, Reply.Parse(real), Reply.Parse(ours));
        if (name is "EXEC" or "DISCARD" && real[0] != '-') _queued.Clear();
        if (name is "EXEC" && real.AsSpan().StartsWith("-EXECABORT"u8)) _queued.Clear();
        return agree;
    }

    private bool AgreeOnExec(byte[][] command, byte[] real, byte[] ours)
    {
        var (a, b) = (Reply.Parse(real), Reply.Parse(ours));
        if (a.Type != '*' || a.IsNull || b.Type != '*' || b.IsNull) return AgreeOnOne(command, a, b);
        if (a.Items!.Count != b.Items!.Count || a.Items.Count != _queued.Count)
        {
            Detail = $"{_queued.Count} queued, {a.Items.Count} and {b.Items.Count} answered";
            return false;
        }

        for (var i = 0; i < _queued.Count; i++)
        {
            if (AgreeOnOne(_queued[i], a.Items[i], b.Items[i])) continue;
            Detail = $"at {CommandText.Format(_queued[i])}\n    redis-server: {a.Items[i]}\n    ours:         {b.Items[i]}";
            return false;
        }

        return true;
    }

    private static bool AgreeOnOne(byte[][] command, Reply real, Reply ours) =>
        ReplyRules.Agree(ReplyRules.ForCommand(command), command, real, ours) || KnownDifferences.Explains(command, real, ours);
}
