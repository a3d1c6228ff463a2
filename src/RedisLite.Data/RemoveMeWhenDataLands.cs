// Signatures only, so that Engine compiles until the real Heap, Keyspace and Entry land: whoever lands them deletes this file.
namespace RedisLite.Data;
#pragma warning disable
internal enum RecordKind : byte { String, Integer, HashBlob, HashTable, ListBlob, ListTree, SetInts, SetBlob, SetTable, ZSetBlob, ZSetTree, Stream }
internal enum ValueType : byte { String, List, Set, ZSet, Hash, Stream }
internal sealed class Heap(ulong a, ulong b) {
  public ulong Hash(ReadOnlySpan<byte> key) => 1;
  public bool RunBackground(bool defrag) => false;
  public EncodingLimits Limits { get; } = new();
  public long MemoryInUse => 0; public long CommittedBytes => 0;
}
internal sealed class Entry {
  public bool Exists; public ulong Handle; public Keyspace Space; public ReadOnlySpan<byte> Key => default; public ReadOnlySpan<byte> Value => default;
  public RecordKind Kind; public ValueType Type; public bool HasExpiry; public long ExpireAtMs; public uint Access; public void Reset(){}
}
internal sealed class Keyspace(Heap h) {
  public long Count; public long CountWithExpiry;
  public bool Find(ReadOnlySpan<byte> key, ulong hash, Entry e) => false;
  public void Insert(ReadOnlySpan<byte> key, ulong hash, RecordKind k, int len, Entry e) {}
  public void Replace(Entry e, RecordKind k, int len, bool keep) {}
  public void Remove(Entry e, bool lazy) {}
  public void PrefetchBucket(ulong h) {} public void PrefetchRecord(ulong h) {}
  public ulong Hash(ReadOnlySpan<byte> k)=>1;
}
