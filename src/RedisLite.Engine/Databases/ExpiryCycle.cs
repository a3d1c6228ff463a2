namespace RedisLite.Engine.Databases;

internal sealed class ExpiryCycle(Engine engine)
{
    public long NextRunMs => engine.ActiveExpireEnabled ? long.MaxValue : long.MaxValue;

    public void Run()
    {
    }
}
