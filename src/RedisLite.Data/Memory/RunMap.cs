using System.Numerics;

namespace RedisLite.Data.Memory;

/// <summary>
/// Which 1 KiB units of a 16 MiB chunk are taken, first fit: for values between 8 KiB and 4 MiB, where size classes would waste much and an own
/// mapping would cost a system call. At most 1/8 is lost to rounding.
/// </summary>
internal sealed class RunMap
{
    public const int UnitBytes = 1024;
    public const int Units = (int)(Arena.ChunkBytes / UnitBytes);

    private readonly ulong[] _taken = new ulong[Units / 64];
    private readonly ushort[] _length = new ushort[Units];
    private int _free = Units;
    private int _lowestFree;
    private int _longestMaybe = Units;

    public bool IsFull => _free == 0;

    public int FreeUnits => _free;

    public int LengthAt(int first) => _length[first];

    /// <summary>First unit of a new run, or -1 when no hole is long enough.</summary>
    public int Take(int units)
    {
        if (units > _free || units > _longestMaybe) return -1;
        var start = NextFree(_lowestFree);
        _lowestFree = start;
        while (start < Units)
        {
            var end = NextTaken(start, start + units);
            if (end - start >= units)
            {
                Mark(start, units, taken: true);
                _length[start] = (ushort)units;
                _free -= units;
                return start;
            }
            start = NextFree(end);
        }
        _longestMaybe = units - 1;
        return -1;
    }

    /// <summary>Frees the run that starts here and returns its length.</summary>
    public int Give(int first)
    {
        var units = _length[first];
        if (units == 0) throw new InvalidOperationException("A run was freed twice.");
        _length[first] = 0;
        Mark(first, units, taken: false);
        _free += units;
        _lowestFree = Math.Min(_lowestFree, first);
        _longestMaybe = _free;
        return units;
    }

    /// <summary>Bytes of all runs; throws when bits and lengths disagree.</summary>
    public long CheckInvariants()
    {
        var taken = 0;
        for (var unit = 0; unit < Units;)
        {
            var isTaken = (_taken[unit >> 6] >> (unit & 63) & 1) != 0;
            if (isTaken != (_length[unit] != 0)) throw new InvalidOperationException("RunMap: bits and lengths disagree.");
            taken += _length[unit];
            unit += Math.Max(1, (int)_length[unit]);
        }
        if (taken != Units - _free) throw new InvalidOperationException("RunMap: wrong free count.");
        return (long)taken * UnitBytes;
    }

    private int NextFree(int from)
    {
        for (var word = from >> 6; word < _taken.Length; word++)
        {
            var bits = ~_taken[word];
            if (word == from >> 6) bits &= ulong.MaxValue << (from & 63);
            if (bits != 0) return (word << 6) + BitOperations.TrailingZeroCount(bits);
        }
        return Units;
    }

    private int NextTaken(int from, int enough)
    {
        for (var word = from >> 6; word < _taken.Length; word++)
        {
            if (word << 6 >= enough) return word << 6;
            var bits = _taken[word];
            if (word == from >> 6) bits &= ulong.MaxValue << (from & 63);
            if (bits != 0) return (word << 6) + BitOperations.TrailingZeroCount(bits);
        }
        return Units;
    }

    private void Mark(int first, int units, bool taken)
    {
        for (var unit = first; unit < first + units;)
        {
            var count = Math.Min(64 - (unit & 63), first + units - unit);
            var mask = (count == 64 ? ulong.MaxValue : (1UL << count) - 1) << (unit & 63);
            if (taken) _taken[unit >> 6] |= mask;
            else _taken[unit >> 6] &= ~mask;
            unit += count;
        }
    }
}
