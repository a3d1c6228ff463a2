using RedisLite.Data.Encodings;

namespace RedisLite.Data.Values;

/// <summary>
/// A string that holds a HyperLogLog (<see cref="HyperLogLog"/>). The caller has asked <see cref="IsHyperLogLog"/> first; a sparse body may still
/// turn out broken, which every operation says.
/// </summary>
internal readonly struct HyperLogLogValue(Entry entry)
{
    /// <summary>Room to grow that a sparse form reserves at most.</summary>
    private const int SlackMax = 256;

    private readonly Entry _entry = entry;

    public Entry Entry => _entry;

    public bool IsMissing => !_entry.Exists;

    public bool IsSparse => HyperLogLog.IsSparse(_entry.Value);

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

    /// <summary>Raises all registers at once to these, of which none is lower than it has already. False when the sparse form is broken.</summary>
    public bool RaiseAll(ReadOnlySpan<byte> registers)
    {
        for (var at = registers.IndexOfAnyExcept((byte)0); at >= 0 && IsSparse;)
        {
            if (SetRegister(at, registers[at]) == RegisterChange.Corrupt) return false;
            var next = registers[++at..].IndexOfAnyExcept((byte)0);
            at = next < 0 ? next : at + next;
        }

        var bytes = _entry.MutableValue();
        if (!HyperLogLog.IsSparse(bytes)) HyperLogLog.SetAll(bytes, registers);
        HyperLogLog.Invalidate(bytes);
        return true;
    }

    private RegisterChange SetInSparse(int index, int rank)
    {
        var length = _entry.Value.Length;
        if (length > HyperLogLog.DenseSize) return RegisterChange.TooBigForSparse;
        var change = HyperLogLog.PlanSparse(_entry.Value, index, rank, _entry.Heap.Limits.HllSparseMaxBytes, out var edit);
        if (change != RegisterChange.Changed) return change;
        var bytes = _entry.Resize(length + HyperLogLog.SparseGrowthMax, RecordKind.String, slack: Math.Min(length / 4, SlackMax));
        HyperLogLog.Apply(edit, bytes, ref length);
        HyperLogLog.Invalidate(bytes);
        _entry.Resize(length, RecordKind.String);
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

    /// <summary>The cached count is stale.</summary>
    public void Invalidate() => HyperLogLog.Invalidate(_entry.MutableValue());

    /// <summary>Raises these 16384 byte registers to this one's. False when it is broken.</summary>
    public bool MergeInto(Span<byte> registers) => HyperLogLog.MergeInto(registers, _entry.Value);
}
