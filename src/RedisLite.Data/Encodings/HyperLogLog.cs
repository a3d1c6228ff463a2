using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace RedisLite.Data.Encodings;

internal enum RegisterChange { Unchanged, Changed, TooBigForSparse, Corrupt }

/// <summary>
/// Redis's HyperLogLog, byte for byte, because it lives in an ordinary string that clients may GET, SET, dump and send to other servers.
///
///     "HYLL"  encoding:u8 (0 dense, 1 sparse)  3 × 0  cached cardinality:u64le, top bit set = stale       16 bytes
///     dense    16384 registers of 6 bits, lowest bits first                                                12288 bytes
///     sparse   00llllll           l+1 registers are 0
///              01llllll llllllll  l+1 registers are 0
///              1vvvvvll           l+1 registers are v+1
///
/// Everything here is a function over spans that checks each length it reads: the bytes may come from a SET of a hostile client.
/// </summary>
internal static class HyperLogLog
{
    public const int Registers = 1 << IndexBits;
    public const int HeaderSize = 16;
    public const int DenseSize = HeaderSize + Registers * RegisterBits / 8;
    public const int EmptySize = HeaderSize + 2;

    /// <summary>The highest rank that an element can ask for.</summary>
    public const int RankMax = RankBits + 1;

    /// <summary>What a change of one register can add to a sparse form.</summary>
    public const int SparseGrowthMax = 4;

    private const int IndexBits = 14;
    private const int RankBits = 64 - IndexBits;
    private const int RegisterBits = 6;
    private const int RegisterMask = (1 << RegisterBits) - 1;
    private const byte Dense = 0;
    private const byte Sparse = 1;
    private const int ShortZeroMax = 64;
    private const int ValueMax = 32;
    private const int ValueRunMax = 4;
    private const double AlphaInfinity = 0.721347520444481703680;          // 1 / (2 ln 2)

    private static ReadOnlySpan<byte> Magic => "HYLL"u8;

    // ---- header ----

    /// <summary>Looks like one: magic, a known encoding, and the one size that dense has. A sparse body may still turn out broken.</summary>
    public static bool IsHyperLogLog(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= HeaderSize && bytes.StartsWith(Magic) && bytes[4] <= Sparse && (bytes[4] != Dense || bytes.Length == DenseSize);

    public static bool IsSparse(ReadOnlySpan<byte> bytes) => bytes[4] == Sparse;

    /// <summary>Writes <see cref="EmptySize"/> bytes: sparse, all registers 0.</summary>
    public static void WriteEmpty(Span<byte> destination)
    {
        destination[..HeaderSize].Clear();
        Magic.CopyTo(destination);
        destination[4] = Sparse;
        WriteZeros(destination[HeaderSize..], Registers);
    }

    public static bool TryGetCached(ReadOnlySpan<byte> bytes, out ulong cardinality)
    {
        cardinality = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        return cardinality >> 63 == 0;
    }

    public static void SetCached(Span<byte> bytes, ulong cardinality) => BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], cardinality);

    public static void Invalidate(Span<byte> bytes) => bytes[15] |= 0x80;

    // ---- adding ----

    /// <summary>The register that an element belongs to, and the rank it asks for (1 to 51).</summary>
    public static int Locate(ReadOnlySpan<byte> element, out int rank)
    {
        var hash = Murmur(element, 0xADC83B19);
        rank = BitOperations.TrailingZeroCount(hash >> IndexBits | 1UL << RankBits) + 1;
        return (int)(hash & (Registers - 1));
    }

    public static RegisterChange SetDense(Span<byte> dense, int index, int rank)
    {
        if (GetDense(dense, index) >= rank) return RegisterChange.Unchanged;
        var bit = index * RegisterBits;
        var at = HeaderSize + bit / 8;
        var shift = bit & 7;
        dense[at] = (byte)(dense[at] & ~(RegisterMask << shift) | rank << shift);
        if (shift > 8 - RegisterBits)
            dense[at + 1] = (byte)(dense[at + 1] & ~(RegisterMask >> 8 - shift) | rank >> 8 - shift);
        return RegisterChange.Changed;
    }

    public static int GetDense(ReadOnlySpan<byte> dense, int index)
    {
        var bit = index * RegisterBits;
        var at = HeaderSize + bit / 8;
        var two = dense[at] | (at + 1 < dense.Length ? dense[at + 1] << 8 : 0);
        return two >> (bit & 7) & RegisterMask;
    }

    /// <summary>
    /// What raising one register of a sparse form comes to, without changing it yet. When the result would pass <paramref name="sparseMax"/> bytes, or
    /// the rank does not fit, it has to become dense.
    /// </summary>
    public static RegisterChange PlanSparse(ReadOnlySpan<byte> sparse, int index, int rank, int sparseMax, out SparseEdit edit)
    {
        edit = default;
        if (rank > ValueMax) return RegisterChange.TooBigForSparse;
        if (!FindRun(sparse, index, out var run)) return RegisterChange.Corrupt;
        if (run.Value >= rank) return RegisterChange.Unchanged;

        // The run falls apart into what was before, the register itself, and what comes after.
        Span<byte> pieces = stackalloc byte[sizeof(ulong)];
        int before = index - run.First, after = run.Length - before - 1;
        var bytes = WriteRun(pieces, run.Value, before);
        bytes += WriteValue(pieces[bytes..], rank, 1);
        bytes += WriteRun(pieces[bytes..], run.Value, after);

        var growth = bytes - run.Bytes;
        if (growth > 0 && sparse.Length + growth > sparseMax) return RegisterChange.TooBigForSparse;
        edit = new SparseEdit(run, BinaryPrimitives.ReadUInt64LittleEndian(pieces), bytes);
        return RegisterChange.Changed;
    }

    /// <summary>Does it, in a buffer that has <see cref="SparseGrowthMax"/> bytes to spare behind <paramref name="length"/>.</summary>
    public static void Apply(in SparseEdit edit, Span<byte> buffer, ref int length)
    {
        Span<byte> pieces = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(pieces, edit.Pieces);
        var run = edit.Run;
        if (edit.Bytes != run.Bytes) buffer[(run.At + run.Bytes)..length].CopyTo(buffer[(run.At + edit.Bytes)..]);
        pieces[..edit.Bytes].CopyTo(buffer[run.At..]);
        length += edit.Bytes - run.Bytes;
        MergeNeighbours(buffer, ref length, run.Previous < 0 ? HeaderSize : run.Previous);
    }

    /// <summary>A run of equal registers, and what takes its place.</summary>
    internal readonly record struct SparseEdit(Run Run, ulong Pieces, int Bytes);

    internal readonly record struct Run(int At, int Bytes, int First, int Length, int Value, int Previous);

    private static bool FindRun(ReadOnlySpan<byte> sparse, int index, out Run run)
    {
        run = default;
        int first = 0, previous = -1;
        for (var at = HeaderSize; at < sparse.Length;)
        {
            var skipped = SkipRuns(sparse, ref at, ref first, index);
            if (skipped > 0) previous = at - 1;
            for (var stop = at + Vector128<byte>.Count; at < stop;)
            {
                if (!ReadRun(sparse, at, out var bytes, out var length, out var value)) return false;
                if (index < first + length)
                {
                    run = new Run(at, bytes, first, length, value, previous);
                    return true;
                }
                previous = at;
                at += bytes;
                first += length;
            }
        }
        return false;
    }

    /// <summary>
    /// Goes over runs of one byte, sixteen at a time, as long as they end before a register; returns how many. PFADD walks half of the form on average, and
    /// 1500 bytes run by run were two thirds of its time.
    /// </summary>
    private static int SkipRuns(ReadOnlySpan<byte> sparse, ref int at, ref int first, int index)
    {
        var start = at;
        while (sparse.Length - at >= Vector128<byte>.Count)
        {
            var runs = Vector128.Create(sparse.Slice(at, Vector128<byte>.Count));
            if (Vector128.EqualsAny(runs & Vector128.Create((byte)0xC0), Vector128.Create((byte)0x40))) break;      // a run of two bytes
            var isValue = Vector128.LessThan(runs.AsSByte(), Vector128<sbyte>.Zero).AsByte();
            var lengths = runs & Vector128.ConditionalSelect(isValue, Vector128.Create((byte)3), Vector128.Create((byte)0x3F));
            var (low, high) = Vector128.Widen(lengths);
            var registers = Vector128.Sum(low + high) + Vector128<byte>.Count;
            if (first + registers > index) break;
            first += registers;
            at += Vector128<byte>.Count;
        }
        return at - start;
    }

    /// <summary>Joins equal values next to each other within the five runs that a change can have touched, as Redis does.</summary>
    private static void MergeNeighbours(Span<byte> buffer, ref int length, int at)
    {
        for (var runs = 5; runs > 0 && at < length; runs--)
        {
            if (buffer[at] < 0x80)
            {
                at += buffer[at] < 0x40 ? 1 : 2;
                continue;
            }
            if (at + 1 < length && buffer[at + 1] >= 0x80 && (buffer[at] ^ buffer[at + 1]) < ValueRunMax)
            {
                var run = (buffer[at] & 3) + (buffer[at + 1] & 3) + 2;
                if (run <= ValueRunMax)
                {
                    WriteValue(buffer[(at + 1)..], (buffer[at] >> 2 & 31) + 1, run);
                    buffer[(at + 1)..length].CopyTo(buffer[at..]);
                    length--;
                    continue;                                              // the joined run may join again
                }
            }
            at++;
        }
    }

    /// <summary>Rewrites a sparse form as <see cref="DenseSize"/> bytes of dense form. False when the sparse form is broken.</summary>
    public static bool ToDense(ReadOnlySpan<byte> sparse, Span<byte> dense)
    {
        dense[..DenseSize].Clear();
        sparse[..HeaderSize].CopyTo(dense);
        dense[4] = Dense;

        var index = 0;
        for (var at = HeaderSize; at < sparse.Length;)
        {
            if (!ReadRun(sparse, at, out var bytes, out var length, out var value) || index + length > Registers) return false;
            for (var end = index + length; index < end; index++)
                if (value > 0) SetDense(dense, index, value);
            at += bytes;
        }
        return index == Registers;
    }

    // ---- reading ----

    /// <summary>Raises each of the 16384 byte registers to at least what is in this form. False when it is broken.</summary>
    public static bool MergeInto(Span<byte> registers, ReadOnlySpan<byte> bytes)
    {
        var index = 0;
        if (!IsSparse(bytes))
        {
            DenseRegisters.MergeInto(registers[..Registers], bytes.Slice(HeaderSize, DenseSize - HeaderSize));
            return true;
        }

        for (var at = HeaderSize; at < bytes.Length;)
        {
            if (!ReadRun(bytes, at, out var runBytes, out var length, out var value) || index + length > Registers) return false;
            if (value > 0)
            {
                foreach (ref var register in registers.Slice(index, length)) register = Math.Max(register, (byte)value);
            }
            index += length;
            at += runBytes;
        }
        return index == Registers;
    }

    /// <summary>Writes these byte registers over those of a dense form.</summary>
    public static void SetAll(Span<byte> dense, ReadOnlySpan<byte> registers) =>
        DenseRegisters.Pack(registers[..Registers], dense.Slice(HeaderSize, DenseSize - HeaderSize));

    /// <summary>The estimate for these byte registers (Ertl's improved estimator).</summary>
    public static ulong Estimate(ReadOnlySpan<byte> registers)
    {
        Span<int> histogram = stackalloc int[64];
        Count(registers, histogram);

        const double m = Registers;
        var z = m * Tau((m - histogram[RankBits + 1]) / m);
        for (var rank = RankBits; rank >= 1; rank--) z = (z + histogram[rank]) * 0.5;
        z += m * Sigma(histogram[0] / m);
        return (ulong)Math.Round(AlphaInfinity * m * m / z, MidpointRounding.AwayFromZero);
    }

    /// <summary>How many registers hold each value. Four tallies at a time, because most registers hold one of a few values and would wait for each other.</summary>
    private static void Count(ReadOnlySpan<byte> registers, Span<int> histogram)
    {
        Span<int> a = stackalloc int[64], b = stackalloc int[64], c = stackalloc int[64], d = stackalloc int[64];
        a.Clear();
        b.Clear();
        c.Clear();
        d.Clear();
        foreach (var four in MemoryMarshal.Cast<byte, uint>(registers[..Registers]))
        {
            a[(int)four & RegisterMask]++;
            b[(int)(four >> 8) & RegisterMask]++;
            c[(int)(four >> 16) & RegisterMask]++;
            d[(int)(four >> 24) & RegisterMask]++;
        }

        for (var i = 0; i < histogram.Length; i++) histogram[i] = a[i] + b[i] + c[i] + d[i];
    }

    /// <summary>The estimate for one stored form, past the cache. False when it is broken.</summary>
    public static bool TryEstimate(ReadOnlySpan<byte> bytes, out ulong cardinality)
    {
        Span<byte> registers = stackalloc byte[Registers];
        registers.Clear();
        var isWhole = MergeInto(registers, bytes);
        cardinality = isWhole ? Estimate(registers) : 0;
        return isWhole;
    }

    /// <summary>The runs of a sparse form from a position on, for PFDEBUG DECODE. False at its end.</summary>
    public static bool ReadRun(ReadOnlySpan<byte> sparse, int at, out int bytes, out int length, out int value)
    {
        bytes = 1;
        length = value = 0;
        if (at >= sparse.Length) return false;
        var first = sparse[at];
        if (first >= 0x80)
        {
            value = (first >> 2 & 31) + 1;
            length = (first & 3) + 1;
        }
        else if (first < 0x40)
        {
            length = (first & 0x3F) + 1;
        }
        else
        {
            bytes = 2;
            if (at + 1 >= sparse.Length) return false;
            length = ((first & 0x3F) << 8 | sparse[at + 1]) + 1;
        }
        return true;
    }

    private static double Sigma(double x)
    {
        if (x == 1) return double.PositiveInfinity;
        double y = 1, z = x, before;
        do
        {
            x *= x;
            before = z;
            z += x * y;
            y += y;
        }
        while (before != z);
        return z;
    }

    private static double Tau(double x)
    {
        if (x is 0 or 1) return 0;
        double y = 1, z = 1 - x, before;
        do
        {
            x = Math.Sqrt(x);
            before = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        }
        while (before != z);
        return z / 3;
    }

    private static int WriteRun(Span<byte> destination, int value, int length)
    {
        if (length == 0) return 0;
        return value == 0 ? WriteZeros(destination, length) : WriteValue(destination, value, length);
    }

    private static int WriteZeros(Span<byte> destination, int length)
    {
        if (length <= ShortZeroMax)
        {
            destination[0] = (byte)(length - 1);
            return 1;
        }
        destination[0] = (byte)(0x40 | length - 1 >> 8);
        destination[1] = (byte)(length - 1);
        return 2;
    }

    private static int WriteValue(Span<byte> destination, int value, int length)
    {
        destination[0] = (byte)(0x80 | value - 1 << 2 | length - 1);
        return 1;
    }

    /// <summary>MurmurHash64A: the hash that makes registers comparable between servers.</summary>
    private static ulong Murmur(ReadOnlySpan<byte> key, ulong seed)
    {
        const ulong m = 0xC6A4A7935BD1E995;
        var h = seed ^ (ulong)key.Length * m;
        for (; key.Length >= 8; key = key[8..])
        {
            var k = BinaryPrimitives.ReadUInt64LittleEndian(key) * m;
            k = (k ^ k >> 47) * m;
            h = (h ^ k) * m;
        }
        if (!key.IsEmpty)
        {
            ulong tail = 0;
            for (var i = key.Length - 1; i >= 0; i--) tail = tail << 8 | key[i];
            h = (h ^ tail) * m;
        }
        h = (h ^ h >> 47) * m;
        return h ^ h >> 47;
    }
}
