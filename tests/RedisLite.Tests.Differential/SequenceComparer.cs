using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>
/// Compares the replies of one connection in order. It remembers what a transaction has queued, because the elements of EXEC's reply follow the
/// rules of the commands they answer.
/// </summary>
internal sealed class SequenceComparer
{
    private readonly List<byte[][]> _queued = [];

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
        return a.Items!.Count == b.Items!.Count && a.Items.Count == _queued.Count
            && _queued.Select((queued, i) => AgreeOnOne(queued, a.Items[i], b.Items[i])).All(same => same);
    }

    private static bool AgreeOnOne(byte[][] command, Reply real, Reply ours) =>
        ReplyRules.Agree(ReplyRules.ForCommand(command), command, real, ours) || KnownDifferences.Explains(command, real, ours);
}
