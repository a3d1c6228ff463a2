using System.Numerics;
using System.Runtime.CompilerServices;

namespace RedisLite.Lua;

// The one data structure of Lua: an array part for the keys 1..n and a hash part for the rest.
//
//   _array   exactly as long as Lua 5.1 would make it, because what '#' answers for a table with holes depends on that length
//   _nodes   a power of two of nodes, filled in order of insertion; each node also holds the head of the chain of its own bucket,
//            so a look-up touches one array. Iteration walks the array, then the nodes: the order is that of insertion, which
//            is deterministic whatever the hash seed is (scripts must behave alike on every replica).
//
// A key whose value became nil keeps its node until the next rehash, so `next` survives assignments of nil during a traversal.
// A rehash happens when a new key finds no free node; only then integer keys move from the hash part into the array part: the
// largest n such that more than half of 1..n is in use.
internal sealed class LuaTable
{
    private static readonly Node[] NoNodes = new Node[1];
    internal const int MaxArray = 1 << 26;

    private readonly Meter _meter;
    private LuaValue[] _array = [];
    private Node[] _nodes = NoNodes;
    private int _used;                 // nodes taken, in order of insertion
    private LuaTable? _metatable;
    internal int AbsentEvents;         // as a metatable: bits of the events known to be absent; cleared by every new key
    internal int Mark;
    internal bool ReadOnly;

    internal struct Node
    {
        internal LuaValue Key;
        internal LuaValue Value;
        internal int Bucket;           // 1 + index of the first node of the chain of this bucket
        internal int Next;             // 1 + index of the next node of the chain
    }

    internal LuaTable(Meter meter, int arraySize = 0, int hashSize = 0)
    {
        _meter = meter;
        meter.Charge(Meter.TableBytes);
        if (arraySize > 0 || hashSize > 0) Resize(Math.Min(arraySize, MaxArray), hashSize);
    }

    internal LuaValue[] ArrayPart
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _array;
    }
    internal ReadOnlySpan<Node> NodePart => _nodes.AsSpan(0, _used);
    internal int HashCapacity => ReferenceEquals(_nodes, NoNodes) ? 0 : _nodes.Length;

    internal LuaTable? Metatable
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _metatable;
        set => _metatable = value;
    }

    internal LuaValue this[string key]
    {
        get => GetString(LuaString.From(key));
        set => Set(LuaString.From(key), value);
    }

    internal LuaValue Get(in LuaValue key)
    {
        if (key.Ref is LuaString s) return GetString(s);
        if (key.IsNumber)
        {
            var i = ToArrayIndex(key.Num);
            if ((uint)i < (uint)_array.Length) return _array[i];
        }
        var n = FindNode(key);
        return n < 0 ? default : _nodes[n].Value;
    }

    internal LuaValue GetInt(int key)
    {
        if ((uint)(key - 1) < (uint)_array.Length) return _array[key - 1];
        var n = FindNode(new LuaValue(key));
        return n < 0 ? default : _nodes[n].Value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal LuaValue GetString(LuaString key)
    {
        var nodes = _nodes;
        var n = FindString(nodes, key);
        return (uint)n < (uint)nodes.Length ? nodes[n].Value : default;
    }

    /// <summary>Overwrites the value of a string key that is present and not nil; false otherwise.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryReplaceString(LuaString key, in LuaValue value)
    {
        var nodes = _nodes;
        var n = FindString(nodes, key);
        if ((uint)n >= (uint)nodes.Length || nodes[n].Value.Ref is null) return false;
        nodes[n].Value = value;
        return true;
    }

    /// <summary>Sets without metamethods. The key must be neither nil nor NaN; the caller has checked ReadOnly.</summary>
    internal void Set(in LuaValue key, in LuaValue value)
    {
        if (key.IsNumber)
        {
            var i = ToArrayIndex(key.Num);
            if ((uint)i < (uint)_array.Length)
            {
                _array[i] = value;
                return;
            }
        }
        var n = FindNode(key);
        if (n >= 0) _nodes[n].Value = value;
        else if (!value.IsNil) Insert(key, value);
    }

    internal void SetInt(int key, in LuaValue value)
    {
        if ((uint)(key - 1) < (uint)_array.Length) _array[key - 1] = value;
        else Set(new LuaValue(key), value);
    }

    /// <summary>A border: an n with t[n] not nil and t[n+1] nil, chosen as Lua 5.1 chooses it.</summary>
    internal int Length
    {
        get
        {
            var array = _array;
            var high = array.Length;
            if (high > 0 && array[high - 1].IsNil)
            {
                var low = 0;
                while (high - low > 1)
                {
                    var middle = (low + high) >>> 1;
                    if (array[middle - 1].IsNil) high = middle;
                    else low = middle;
                }
                return low;
            }
            return _used == 0 ? high : UnboundLength(high);
        }
    }

    /// <summary>Makes room for keys 1..size in the array part (a constructor knows its size).</summary>
    internal void EnsureArray(int size)
    {
        if (size > _array.Length && size <= MaxArray) Resize(size, CountLiveNodes());
    }

    /// <summary>The place of a key in the order of iteration plus one, 0 for nil, -1 for a key that is not in the table.</summary>
    internal int PositionAfter(in LuaValue key)
    {
        if (key.IsNil) return 0;
        if (key.IsNumber)
        {
            var i = ToArrayIndex(key.Num);
            if ((uint)i < (uint)_array.Length) return i + 1;
        }
        var n = FindNode(key);
        return n < 0 ? -1 : _array.Length + n + 1;
    }

    /// <summary>
    /// The first entry at or after a place; false (and a nil key) at the end. A key that is not a number carries its node in the unused
    /// Num, so that a loop over the table finds its way without hashing.
    /// </summary>
    internal bool EntryFrom(int position, out LuaValue key, out LuaValue value)
    {
        var array = _array;
        for (; position < array.Length; position++)
        {
            if (array[position].IsNil) continue;
            key = new LuaValue(position + 1);
            value = array[position];
            return true;
        }
        var nodes = _nodes;
        for (var n = position - array.Length; n < _used; n++)
        {
            if (nodes[n].Value.IsNil) continue;
            key = nodes[n].Key;
            if (!key.IsNumber) key.Num = n;
            value = nodes[n].Value;
            return true;
        }
        key = value = default;
        return false;
    }

    /// <summary>One step of a loop over the table; false when the control value is not a key of it. A nil key ends the loop.</summary>
    internal bool TryNext(in LuaValue control, out LuaValue key, out LuaValue value)
    {
        var hint = (int)control.Num;
        var position = control.Ref is not null && !control.IsNumber && (uint)hint < (uint)_used && ReferenceEquals(_nodes[hint].Key.Ref, control.Ref)
            ? _array.Length + hint + 1
            : PositionAfter(control);
        if (position < 0)
        {
            key = value = default;
            return false;
        }
        EntryFrom(position, out key, out value);
        return true;
    }

    internal void CheckInvariants()
    {
        for (var i = 0; i < _used; i++)
        {
            var n = FindNode(_nodes[i].Key);
            if (n != i) throw new InvalidOperationException($"node {i} is found at {n}");
        }
    }

    /// <summary>Bytes this table holds, for the live count of the memory limit.</summary>
    internal long SizeInBytes => Meter.TableBytes + ((long)_array.Length * 16) + ((long)HashCapacity * Meter.NodeBytes);

    /// <summary>Drops entries whose key or value the given tests call dead (weak tables).</summary>
    internal void RemoveDead(Func<LuaValue, bool> deadKey, Func<LuaValue, bool> deadValue)
    {
        for (var i = 0; i < _array.Length; i++)
        {
            if (deadValue(_array[i])) _array[i] = default;
        }
        for (var i = 0; i < _used; i++)
        {
            if (deadKey(_nodes[i].Key) || deadValue(_nodes[i].Value)) _nodes[i].Value = default;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int ToArrayIndex(double number)
    {
        var i = double.ConvertToIntegerNative<int>(number);
        return i == number ? i - 1 : -1;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int FindString(Node[] nodes, LuaString key)
    {
        var n = nodes[key.Hash & (nodes.Length - 1)].Bucket - 1;
        if ((uint)n < (uint)nodes.Length && ReferenceEquals(nodes[n].Key.Ref, key)) return n;
        return n < 0 ? -1 : FindStringInChain(nodes, n, key);
    }

    private static int FindStringInChain(Node[] nodes, int first, LuaString key)
    {
        for (var n = first; n >= 0; n = nodes[n].Next - 1)
        {
            var candidate = nodes[n].Key.Ref;
            if (ReferenceEquals(candidate, key) || (candidate is LuaString s && s.Hash == key.Hash && s.ContentEquals(key))) return n;
        }
        return -1;
    }

    private int FindNode(in LuaValue key)
    {
        var nodes = _nodes;
        if (key.Ref is LuaString s) return FindString(nodes, s);
        var n = nodes[HashOf(key) & (nodes.Length - 1)].Bucket - 1;
        if (key.IsNumber)
        {
            for (; n >= 0; n = nodes[n].Next - 1)
            {
                if (nodes[n].Key.Num == key.Num && nodes[n].Key.IsNumber) return n;
            }
            return -1;
        }
        for (; n >= 0; n = nodes[n].Next - 1)
        {
            if (ReferenceEquals(nodes[n].Key.Ref, key.Ref)) return n;
        }
        return -1;
    }

    private static int HashOf(in LuaValue key)
    {
        if (key.Ref is LuaString s) return s.Hash;
        if (!key.IsNumber) return RuntimeHelpers.GetHashCode(key.Ref) * 0x2C1B3C6D;
        var bits = (ulong)BitConverter.DoubleToInt64Bits(key.Num == 0 ? 0 : key.Num);
        bits = (bits ^ (bits >> 32)) * 0x9E3779B97F4A7C15;
        return (int)(bits >> 33);
    }

    private void Insert(in LuaValue key, in LuaValue value)
    {
        AbsentEvents = 0;
        if (ReferenceEquals(_nodes, NoNodes) || _used == _nodes.Length)
        {
            Rehash(key);
            Set(key, value);
            return;
        }
        Append(key, value);
    }

    private void Append(in LuaValue key, in LuaValue value)
    {
        var nodes = _nodes;
        var n = _used++;
        ref var bucket = ref nodes[HashOf(key) & (nodes.Length - 1)].Bucket;
        ref var node = ref nodes[n];
        node.Key = key;
        node.Value = value;
        node.Next = bucket;
        bucket = n + 1;
    }

    private int CountLiveNodes()
    {
        var live = 0;
        for (var i = 0; i < _used; i++)
        {
            if (!_nodes[i].Value.IsNil) live++;
        }
        return live;
    }

    private int UnboundLength(int border)
    {
        // The hash part continues the array: double a probe, then search between the last two, as the reference does.
        if (GetInt(border + 1).IsNil) return border;
        long low = border + 1, high = low * 2;
        while (!GetInt((int)high).IsNil)
        {
            low = high;
            high *= 2;
            if (high > int.MaxValue) break;
        }
        while (high - low > 1)
        {
            var middle = (low + high) / 2;
            if (GetInt((int)middle).IsNil) high = middle;
            else low = middle;
        }
        return (int)low;
    }

    // The number of integer keys in (2^(i-1), 2^i] for every i decides the size of the array part.
    private void Rehash(in LuaValue extraKey)
    {
        Span<int> slices = stackalloc int[32];
        slices.Clear();
        var total = CountArrayKeys(slices);
        var integers = total;
        for (var i = 0; i < _used; i++)
        {
            if (_nodes[i].Value.IsNil) continue;
            total++;
            integers += CountInteger(_nodes[i].Key, slices);
        }
        var live = total + 1;
        integers += CountInteger(extraKey, slices);

        int inArray = 0, arraySize = 0, sum = 0;
        for (int i = 0, power = 1; i < 27 && power / 2 < integers; i++, power *= 2)
        {
            sum += slices[i];
            if (sum <= power / 2) continue;
            arraySize = power;
            inArray = sum;
        }
        var hash = live - inArray;
        // Many dead nodes: leave slack, or a table that inserts and deletes in turn would rehash at every insertion.
        if (CountLiveNodes() < _used && hash >= 8) hash += hash / 3;
        Resize(arraySize, hash);
    }

    private int CountArrayKeys(Span<int> slices)
    {
        var total = 0;
        for (int slice = 0, low = 0, high = 1; low < _array.Length; slice++, low = high, high *= 2)
        {
            var count = 0;
            foreach (ref readonly var value in _array.AsSpan(low, Math.Min(high, _array.Length) - low))
            {
                if (!value.IsNil) count++;
            }
            slices[slice] += count;
            total += count;
        }
        return total;
    }

    private static int CountInteger(in LuaValue key, Span<int> slices)
    {
        if (!key.IsNumber) return 0;
        var i = ToArrayIndex(key.Num);
        if ((uint)i >= MaxArray) return 0;
        slices[i == 0 ? 0 : BitOperations.Log2((uint)i) + 1]++;
        return 1;
    }

    private void Resize(int arraySize, int hashSize)
    {
        var capacity = hashSize == 0 ? 0 : (int)BitOperations.RoundUpToPowerOf2((uint)hashSize);
        _meter.Charge(Math.Max(0, ((long)arraySize - _array.Length) * 16) + ((long)capacity * Meter.NodeBytes));
        var oldNodes = _nodes;
        var oldUsed = _used;
        var oldArray = _array;
        if (arraySize != oldArray.Length)
        {
            _array = arraySize == 0 ? [] : new LuaValue[arraySize];
            oldArray.AsSpan(0, Math.Min(arraySize, oldArray.Length)).CopyTo(_array);
        }
        _nodes = capacity == 0 ? NoNodes : new Node[capacity];
        _used = 0;
        for (var i = arraySize; i < oldArray.Length; i++)
        {
            if (!oldArray[i].IsNil) Set(new LuaValue(i + 1), oldArray[i]);
        }
        for (var i = 0; i < oldUsed; i++)
        {
            ref var node = ref oldNodes[i];
            if (!node.Value.IsNil) Reinsert(node.Key, node.Value);
        }
    }

    private void Reinsert(in LuaValue key, in LuaValue value)
    {
        if (key.IsNumber)
        {
            var i = ToArrayIndex(key.Num);
            if ((uint)i < (uint)_array.Length)
            {
                _array[i] = value;
                return;
            }
        }
        Append(key, value);
    }
}
