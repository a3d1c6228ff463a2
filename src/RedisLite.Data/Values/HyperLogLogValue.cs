using RedisLite.Data.Encodings;

namespace RedisLite.Data.Values;

/// <summary>
/// A string that holds a HyperLogLog (<see cref="HyperLogLog"/>). The caller has asked <see cref="IsHyperLogLog"/> first; a sparse body may still
/// turn out broken, which every operation says.
/// </summary>
internal readonly struct HyperLogLogValue(Entry entry)
{
    private readonly Entry _entry = entry;

    public bool IsHyperLogLog => _entry.Kind == RecordKind.String && HyperLogLog.IsHyperLogLog(_entry.Value);

    /// <summary>Writes an empty one into a string record.</summary>
    public void Initialize()
    {
        HyperLogLog.WriteEmpty(_entry.Resize(HyperLogLog.EmptySize, RecordKind.String));
        _entry.Big = true;
    }

    /// <summary>Counts an element in: Changed when a register rose (the cached count is then stale), Corrupt when the bytes are broken.</summary>
    public RegisterChange Add(ReadOnlySpan<byte> element) => SetRegister(HyperLogLog.Locate(element, out var rank), rank);

    /// <summary>Raises one register to a rank; turns to the dense form where Redis does.</summary>
    public RegisterChange SetRegister(int index, int rank)
    {
        if (HyperLogLog.IsSparse(_entry.Value))
        {
            var change = SetInSparse(index, rank);
            if (change != RegisterChange.TooBigForSparse) return change;
            if (!MakeDense()) return RegisterChange.Corrupt;
        }

        // Most elements change nothing; then nothing is copied for a snapshot either.
        var bytes = _entry.Value;
        if (HyperLogLog.GetDense(bytes, index) >= rank) return RegisterChange.Unchanged;
        var dense = _entry.MutableValue();
        HyperLogLog.SetDense(dense, index, rank);
        HyperLogLog.Invalidate(dense);
        return RegisterChange.Changed;
    }

    private RegisterChange SetInSparse(int index, int rank)
    {
        var stored = _entry.Value;
        var length = stored.Length;
        if (length > HyperLogLog.DenseSize) return RegisterChange.TooBigForSparse;
        Span<byte> buffer = stackalloc byte[HyperLogLog.DenseSize + HyperLogLog.SparseGrowthMax];
        stored.CopyTo(buffer);
        var change = HyperLogLog.SetSparse(buffer, ref length, index, rank, _entry.Heap.Limits.HllSparseMaxBytes);
        if (change != RegisterChange.Changed) return change;
        HyperLogLog.Invalidate(buffer);
        buffer[..length].CopyTo(_entry.Resize(length, RecordKind.String));
        return change;
    }

    /// <summary>Turns to the dense form (PFDEBUG TODENSE, and results of PFMERGE). False when the sparse form is broken.</summary>
    public bool MakeDense()
    {
        if (!HyperLogLog.IsSparse(_entry.Value)) return true;
        Span<byte> dense = stackalloc byte[HyperLogLog.DenseSize];
        if (!HyperLogLog.ToDense(_entry.Value, dense)) return false;
        dense.CopyTo(_entry.Resize(HyperLogLog.DenseSize, RecordKind.String));
        return true;
    }

    /// <summary>
    /// The estimate. When it was not cached it is now, which is a change of the key: <paramref name="isNewlyCached"/> says so. False when broken.
    /// </summary>
    public bool TryCount(out ulong cardinality, out bool isNewlyCached)
    {
        isNewlyCached = false;
        if (HyperLogLog.TryGetCached(_entry.Value, out cardinality)) return true;
        if (!HyperLogLog.TryEstimate(_entry.Value, out cardinality)) return false;
        HyperLogLog.SetCached(_entry.MutableValue(), cardinality);
        return isNewlyCached = true;
    }

    /// <summary>Raises these 16384 byte registers to this one's. False when it is broken.</summary>
    public bool MergeInto(Span<byte> registers) => HyperLogLog.MergeInto(registers, _entry.Value);
}
