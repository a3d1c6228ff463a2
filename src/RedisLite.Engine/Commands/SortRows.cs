using System.Buffers;
using RedisLite.Data;
using RedisLite.Data.Encodings;

namespace RedisLite.Engine.Commands;

/// <summary>The elements that SORT works on, copied one behind the other into a rented buffer, with what they are ordered by.</summary>
internal struct SortRows
{
    private const int NoWeight = -1;

    private Row[] _rows = [];
    private byte[] _texts = [];
    private int _used;

    public SortRows()
    {
    }

    /// <summary>An element; its weight is a number, or another text (of length <see cref="NoWeight"/> when there is none).</summary>
    private struct Row
    {
        public int Offset;
        public int Length;
        public double Number;
        public int WeightOffset;
        public int WeightLength;

        public readonly bool HasWeight => WeightLength != NoWeight;
    }

    private readonly struct ByNumber(byte[] texts, bool descending) : IOrder<Row>
    {
        public int Compare(in Row a, in Row b)
        {
            // Equal numbers are ordered by the elements, so that the result is defined.
            var order = a.Number < b.Number ? -1 : a.Number > b.Number ? 1
                : texts.AsSpan(a.Offset, a.Length).SequenceCompareTo(texts.AsSpan(b.Offset, b.Length));
            return descending ? -order : order;
        }
    }

    /// <summary>As C strings in the C locale, which end at a zero byte, or as bytes. An element without a weight comes first.</summary>
    private readonly struct ByText(byte[] texts, bool descending, bool hasWeights, bool asBytes) : IOrder<Row>
    {
        public int Compare(in Row a, in Row b)
        {
            int order;
            if (!hasWeights) order = Compare(texts.AsSpan(a.Offset, a.Length), texts.AsSpan(b.Offset, b.Length));
            else if (!a.HasWeight || !b.HasWeight) order = a.HasWeight.CompareTo(b.HasWeight);
            else order = Compare(texts.AsSpan(a.WeightOffset, a.WeightLength), texts.AsSpan(b.WeightOffset, b.WeightLength));
            return descending ? -order : order;
        }

        private int Compare(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) => asBytes ? a.SequenceCompareTo(b) : UpToZero(a).SequenceCompareTo(UpToZero(b));

        private static ReadOnlySpan<byte> UpToZero(ReadOnlySpan<byte> text)
        {
            var end = text.IndexOf((byte)0);
            return end < 0 ? text : text[..end];
        }
    }

    public int Count { get; private set; }

    public readonly ReadOnlySpan<byte> Text(int row) => _texts.AsSpan(_rows[row].Offset, _rows[row].Length);

    public void Add(scoped in PackedValue element)
    {
        Span<byte> scratch = stackalloc byte[PackedValue.IntegerTextMax];
        Add(element.AsText(scratch));
    }

    public void Add(scoped ReadOnlySpan<byte> element)
    {
        if (Count == _rows.Length) Grow(ref _rows, Count, Count + 1);
        _rows[Count++] = new Row { Offset = Keep(element), Length = element.Length, WeightLength = NoWeight };
    }

    // ---- weights ----------------------------------------------------------------------------------------------------

    /// <summary>The elements are numbers. False: one is not.</summary>
    public readonly bool TryWeighThemselves()
    {
        foreach (ref var row in _rows.AsSpan(0, Count))
        {
            if (!TryParse(_texts.AsSpan(row.Offset, row.Length), out row.Number)) return false;
        }

        return true;
    }

    public readonly bool TrySetWeight(int row, scoped ReadOnlySpan<byte> weight) => TryParse(weight, out _rows[row].Number);

    public void SetWeight(int row, bool isThere, scoped ReadOnlySpan<byte> weight)
    {
        if (!isThere) return;
        _rows[row].WeightOffset = Keep(weight);
        _rows[row].WeightLength = weight.Length;
    }

    private static bool TryParse(scoped ReadOnlySpan<byte> text, out double number)
    {
        if (!NumberText.TryParseInt64(text, out var integer)) return NumberText.TryParseWeight(text, out number);
        number = integer;
        return true;
    }

    /// <summary>An element between two texts: the name of a key. Good until the next change.</summary>
    public ReadOnlySpan<byte> Compose(scoped ReadOnlySpan<byte> head, int row, scoped ReadOnlySpan<byte> tail)
    {
        var used = _used;
        Keep(head);
        Reserve(_rows[row].Length);
        Keep(Text(row));
        Keep(tail);
        var key = _texts.AsSpan(used, _used - used);
        _used = used;
        return key;
    }

    // ---- order ------------------------------------------------------------------------------------------------------

    /// <summary>Sorts until so many rows from <paramref name="first"/> on are in their places.</summary>
    public readonly void Sort(bool byText, bool hasWeights, bool descending, bool asBytes, int first, int count)
    {
        // A part is sorted as a part only where Redis does, because that shows in the order of elements that compare equal.
        var last = first + count - 1;
        if (byText && !hasWeights) (first, last) = (0, Count - 1);
        var rows = _rows.AsSpan(0, Count);
        if (byText) RangeSort.Sort(rows, new ByText(_texts, descending, hasWeights, asBytes), first, last);
        else if (count == Count) SortByNumber(rows, descending);
        else RangeSort.Sort(rows, new ByNumber(_texts, descending), first, last);
    }

    /// <summary>All of them by number. That order has no equal elements, so any sort may make it, and one of bare numbers takes a third of the time.</summary>
    private readonly void SortByNumber(Span<Row> rows, bool descending)
    {
        var numbers = ArrayPool<double>.Shared.Rent(rows.Length);
        for (var i = 0; i < rows.Length; i++) numbers[i] = rows[i].Number;
        numbers.AsSpan(0, rows.Length).Sort(rows);
        for (int start = 0, end; start < rows.Length; start = end)
        {
            for (end = start + 1; end < rows.Length && numbers[end] == numbers[start]; end++)
            {
            }

            if (end - start > 1) RangeSort.Sort(rows[start..end], new ByNumber(_texts, descending: false), 0, end - start - 1);
        }

        if (descending) rows.Reverse();
        ArrayPool<double>.Shared.Return(numbers);
    }

    public void Drop()
    {
        if (_rows.Length > 0) ArrayPool<Row>.Shared.Return(_rows);
        if (_texts.Length > 0) ArrayPool<byte>.Shared.Return(_texts);
        _rows = [];
        _texts = [];
        Count = _used = 0;
    }

    private int Keep(scoped ReadOnlySpan<byte> text)
    {
        Reserve(text.Length);
        text.CopyTo(_texts.AsSpan(_used));
        _used += text.Length;
        return _used - text.Length;
    }

    private void Reserve(int length)
    {
        if (_texts.Length - _used < length) Grow(ref _texts, _used, checked(_used + length));
    }

    private static void Grow<T>(ref T[] items, int used, int needed)
    {
        var more = ArrayPool<T>.Shared.Rent((int)Math.Min(Array.MaxLength, Math.Max(Math.Max(64L, needed), items.Length * 2L)));
        items.AsSpan(0, used).CopyTo(more);
        if (items.Length > 0) ArrayPool<T>.Shared.Return(items);
        items = more;
    }
}
