using System.Globalization;
using System.Text;

namespace RedisLite.Persistence.Aof;

internal enum AofFileType { Base, Increment, History }

/// <summary>One file of a multi-part AOF.</summary>
internal sealed record AofFile(string Name, long Sequence, AofFileType Type);

/// <summary>The manifest, or a file it names, is not what it should be.</summary>
internal sealed class AofException(string message) : Exception(message);

/// <summary>
/// Which files are the AOF, in order: at most one base (a snapshot, as RDB or as commands), then increments. One line a file:
///
///     file appendonly.aof.2.base.rdb seq 2 type b
///     file appendonly.aof.3.incr.aof seq 3 type i
///
/// A file that a rewrite made useless becomes history (type h) in the same step in which the new base is named, and is deleted after that; so whatever
/// happens, the manifest names a whole AOF. It is replaced atomically.
/// </summary>
internal sealed class AofManifest
{
    private const int LineMax = 1024;
    private const string InvalidFormat = "Invalid AOF manifest file format";

    /// <summary>Control characters with a letter of their own behind a backslash.</summary>
    private const string Controls = "\n\r\t\a\b";
    private const string ControlLetters = "nrtab";

    public AofFile? Base { get; private set; }

    public List<AofFile> Increments { get; } = [];

    /// <summary>What became history last is first, as redis-server has it.</summary>
    public List<AofFile> History { get; } = [];

    /// <summary>Highest numbers used so far.</summary>
    public long BaseSequence { get; private set; }

    public long IncrementSequence { get; private set; }

    public static AofManifest Parse(ReadOnlySpan<byte> text)
    {
        var manifest = new AofManifest();
        var lines = Encoding.UTF8.GetString(text).Split('\n');
        if (lines[^1].Length > 0) throw new AofException("The AOF manifest file contains too long line, or its last line does not end");
        if (lines.Length == 1) throw new AofException("Found an empty AOF manifest");
        for (var i = 0; i < lines.Length - 1; i++)
        {
            var line = lines[i].TrimEnd('\r');
            if (line.StartsWith('#')) continue;
            if (line.Length >= LineMax) throw new AofException("The AOF manifest file contains too long line");
            try
            {
                manifest.AddLine(line);
            }
            catch (AofException problem)
            {
                throw new AofException($"Reading the AOF manifest file, at line {i + 1}, '{line}': {problem.Message}");
            }
        }
        return manifest;
    }

    private void AddLine(string line)
    {
        var words = Words(line);
        if (words.Count < 6 || words.Count % 2 != 0) throw new AofException(InvalidFormat);
        string? name = null;
        long sequence = 0;
        AofFileType? type = null;
        for (var i = 0; i < words.Count; i += 2)
        {
            switch (words[i].ToLowerInvariant())
            {
                case "file":
                    name = words[i + 1];
                    break;
                case "seq":
                    if (!long.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out sequence)) throw new AofException(InvalidFormat);
                    break;
                case "type":
                    type = words[i + 1] switch { "b" => AofFileType.Base, "i" => AofFileType.Increment, "h" => AofFileType.History, _ => throw new AofException("Unknown AOF file type") };
                    break;
            }
        }
        if (string.IsNullOrEmpty(name) || sequence == 0 || type is null) throw new AofException(InvalidFormat);
        if (name.Contains('/', StringComparison.Ordinal) || name.Contains('\\', StringComparison.Ordinal)) throw new AofException("File can't be a path, just a filename");
        Add(new AofFile(name, sequence, type.Value));
    }

    private void Add(AofFile file)
    {
        switch (file.Type)
        {
            case AofFileType.Base:
                if (Base is not null) throw new AofException("Found duplicate base file information");
                Base = file;
                BaseSequence = file.Sequence;
                break;
            case AofFileType.Increment:
                if (Increments.Count > 0 && file.Sequence <= Increments[^1].Sequence) throw new AofException("Found a non-monotonic sequence number");
                Increments.Add(file);
                IncrementSequence = file.Sequence;
                break;
            default:
                History.Add(file);
                break;
        }
    }

    public string ToText()
    {
        var text = new StringBuilder();
        if (Base is not null) Append(text, Base);
        foreach (var file in History) Append(text, file);
        foreach (var file in Increments) Append(text, file);
        return text.ToString();
    }

    private static void Append(StringBuilder text, AofFile file)
    {
        var type = file.Type switch { AofFileType.Base => 'b', AofFileType.Increment => 'i', _ => 'h' };
        text.Append("file ").Append(Quoted(file.Name)).Append(" seq ").Append(file.Sequence).Append(" type ").Append(type).Append('\n');
    }

    // ---- changes ----

    public AofManifest Copy()
    {
        var copy = new AofManifest { Base = Base, BaseSequence = BaseSequence, IncrementSequence = IncrementSequence };
        copy.Increments.AddRange(Increments);
        copy.History.AddRange(History);
        return copy;
    }

    /// <summary>A new last increment.</summary>
    public AofFile AddIncrement(string fileName)
    {
        var file = new AofFile($"{fileName}.{++IncrementSequence}.incr.aof", IncrementSequence, AofFileType.Increment);
        Increments.Add(file);
        return file;
    }

    /// <summary>A new base; the old one is history.</summary>
    public AofFile SetBase(string fileName, bool isRdb)
    {
        if (Base is not null) History.Insert(0, Base with { Type = AofFileType.History });
        BaseSequence++;
        return Base = new AofFile($"{fileName}.{BaseSequence}.base.{(isRdb ? "rdb" : "aof")}", BaseSequence, AofFileType.Base);
    }

    /// <summary>The AOF of a server before 7.0 becomes the base, under its own name.</summary>
    public void AdoptOldFile(string name)
    {
        BaseSequence = 1;
        Base = new AofFile(name, 1, AofFileType.Base);
    }

    /// <summary>Increments before this one (null: all) are in the base now.</summary>
    public void RetireIncrementsBefore(AofFile? first)
    {
        var retired = Increments.TakeWhile(file => file != first).ToArray();
        Increments.RemoveRange(0, retired.Length);
        History.InsertRange(0, retired.Select(static file => file with { Type = AofFileType.History }));
    }

    // ---- words with quotes, as in redis.conf ----

    private static string Quoted(string name)
    {
        if (name.All(static c => c is > ' ' and < (char)127 and not ('"' or '\'' or '\\'))) return name;
        var text = new StringBuilder("\"");
        foreach (var b in Encoding.UTF8.GetBytes(name))
        {
            if (b is (byte)'"' or (byte)'\\') text.Append('\\').Append((char)b);
            else if (Controls.IndexOf((char)b) is >= 0 and var control) text.Append('\\').Append(ControlLetters[control]);
            else if (b is >= (byte)' ' and < 127) text.Append((char)b);
            else text.Append("\\x").Append(b.ToString("x2", CultureInfo.InvariantCulture));
        }
        return text.Append('"').ToString();
    }

    private static List<string> Words(string line)
    {
        var words = new List<string>();
        for (var i = 0; i < line.Length;)
        {
            if (char.IsWhiteSpace(line[i]))
            {
                i++;
                continue;
            }
            if (line[i] != '"')
            {
                var end = i;
                while (end < line.Length && !char.IsWhiteSpace(line[end])) end++;
                words.Add(line[i..end]);
                i = end;
                continue;
            }

            var bytes = new List<byte>();
            for (i++; i < line.Length && line[i] != '"';)
            {
                if (line[i] == '\\' && i + 3 < line.Length && line[i + 1] == 'x' && byte.TryParse(line.AsSpan(i + 2, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out var value))
                {
                    bytes.Add(value);
                    i += 4;
                    continue;
                }
                if (line[i] == '\\' && i + 1 < line.Length && ControlLetters.IndexOf(line[++i]) is >= 0 and var control)
                {
                    bytes.Add((byte)Controls[control]);
                    i++;
                    continue;
                }
                bytes.AddRange(Encoding.UTF8.GetBytes(line.Substring(i, 1)));
                i++;
            }
            i++;
            words.Add(Encoding.UTF8.GetString([.. bytes]));
        }
        return words;
    }
}
