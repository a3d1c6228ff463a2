namespace RedisLite.Testing.Workloads;

/// <summary>
/// An endless, reproducible stream of requests: families of weighted <see cref="CommandTemplate"/>s over small key spaces, a few of them spoilt
/// (an argument missing, one too many, a number that is none, another type's key, odd letter case). The same seed draws the same requests, so a
/// failure is named by its seed and the position in the stream.
/// </summary>
public sealed class Workload
{
    private static readonly Dictionary<string, Row[]> Parsed =
        WorkloadFamilies.All.ToDictionary(family => family.Key, family => Array.ConvertAll(family.Value, ParseRow));

    private readonly Row[] _rows;
    private readonly int _totalWeight;
    private readonly ValuePool _pool;
    private readonly Random _random;
    private readonly double _mistakes;

    /// <param name="seed">Names the stream.</param>
    /// <param name="families">Names out of <see cref="WorkloadFamilies.All"/>.</param>
    /// <param name="keysPerType">Size of the key space of each type.</param>
    /// <param name="mistakes">Share of requests with a spoilt argument list; 0 also leaves out bad numbers and wrong types.</param>
    public Workload(int seed, IReadOnlyCollection<string> families, int keysPerType = 8, double mistakes = 0.03)
    {
        _random = new Random(seed);
        _rows = [.. families.SelectMany(name => Parsed[name])];
        _totalWeight = _rows.Sum(row => row.Weight);
        _mistakes = mistakes;
        _pool = mistakes == 0 ? new ValuePool(keysPerType) { WrongTypeShare = 0, BadNumberShare = 0 } : new ValuePool(keysPerType);
    }

    public IEnumerable<byte[][]> Take(int count)
    {
        for (var i = 0; i < count; i++) yield return Next();
    }

    public byte[][] Next()
    {
        var row = Pick();
        var words = row.Template.Draw(_random, _pool);
        if (_random.NextDouble() < _mistakes && row.MayBeSpoilt) Spoil(words);
        return [.. words];
    }

    private Row Pick()
    {
        var ticket = _random.Next(_totalWeight);
        foreach (var row in _rows)
        {
            if (ticket < row.Weight) return row;
            ticket -= row.Weight;
        }

        throw new InvalidOperationException("The weights do not add up.");
    }

    private void Spoil(List<byte[]> words)
    {
        switch (_random.Next(4))
        {
            case 0 when words.Count > 1:
                words.RemoveAt(words.Count - 1);
                break;
            case 1:
                words.Add(_pool.Draw("val", _random));
                break;
            case 2 when words.Count > 2:
                words[_random.Next(2, words.Count)] = _pool.Draw("junk", _random);
                break;
            default:
                words[0] = Array.ConvertAll(words[0], b => _random.Next(2) == 0 ? (byte)char.ToLowerInvariant((char)b) : b);
                break;
        }
    }

    private static Row ParseRow(string text)
    {
        var space = text.IndexOf(' ', StringComparison.Ordinal);
        var template = text[(space + 1)..];
        return new Row(int.Parse(text[..space]), CommandTemplate.Parse(template.TrimStart('!')), MayBeSpoilt: template[0] != '!');
    }

    private sealed record Row(int Weight, CommandTemplate Template, bool MayBeSpoilt);
}
