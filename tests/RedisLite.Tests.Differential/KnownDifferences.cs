using System.Text.RegularExpressions;
using RedisLite.Testing;

namespace RedisLite.Tests.Differential;

/// <summary>
/// The one list of replies that may differ from redis-server 7.0.15 (known-differences.txt): a reason, a pattern for the command and a pattern
/// for our reply. Both must match, so that an entry excuses one answer and not a whole command.
/// </summary>
internal static class KnownDifferences
{
    private sealed record Entry(string Reason, Regex Command, Regex Ours);

    private static readonly List<Entry> Entries = Load();

    public static bool Explains(byte[][] command, Reply ours)
    {
        if (Entries.Count == 0) return false;
        var (line, reply) = (CommandText.Format(command), ours.ToString());
        return Entries.Exists(entry => entry.Command.IsMatch(line) && entry.Ours.IsMatch(reply));
    }

    public static IEnumerable<string> Reasons => Entries.Select(entry => entry.Reason);

    private static List<Entry> Load()
    {
        var entries = new List<Entry>();
        var (reason, command) = ("", (string?)null);
        foreach (var line in File.ReadLines(Path.Combine(AppContext.BaseDirectory, "known-differences.txt")))
        {
            if (line.StartsWith('#') || line.Length == 0) continue;
            var space = line.IndexOf(' ', StringComparison.Ordinal);
            var (word, rest) = (line[..space], line[space..].Trim());
            switch (word)
            {
                case "because": reason = rest; break;
                case "command": command = rest; break;
                case "ours" when command is not null && reason.Length > 0: entries.Add(new Entry(reason, Whole(command, ignoreCase: true), Whole(rest))); break;
                default: throw new FormatException($"known-differences.txt: {line}");
            }
        }

        return entries;
    }

    private static Regex Whole(string pattern, bool ignoreCase = false) =>
        new($"^(?:{pattern})$", RegexOptions.Singleline | (ignoreCase ? RegexOptions.IgnoreCase : RegexOptions.None));
}
