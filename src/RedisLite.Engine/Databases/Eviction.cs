namespace RedisLite.Engine.Databases;

/// <summary>maxmemory.</summary>
internal sealed class Eviction(Engine engine)
{
    public long UsedMemory => engine.Heap.MemoryInUse;

    public bool MakeRoom() => true;

    public void MakeRoomAfterConfig() => MakeRoom();
}
