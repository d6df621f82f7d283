// Which pools run, and does each have who it needs?
import type { PoolView } from "../../api/contract.ts";
import { Icon } from "../parts/icon.tsx";

export function PoolList({ pools }: { readonly pools: readonly PoolView[] }) {
  if (pools.length === 0) return <p className="soft">Nothing runs.</p>;
  return (
    <ul className="pools">
      {pools.map((pool) => {
        const { role, revision, ready, wanted, restarts, why } = pool;
        const isShort = ready !== undefined && ready < wanted;
        return (
          <li key={pool.pool}>
            <p>
              <span className={`role ${role}`}>{role}</span> <code className="soft">{revision}</code>
            </p>
            <p className={isShort ? "short" : undefined}>
              {isShort && <Icon name="warn" size={14} />} {`${ready ?? "?"} of ${wanted} ready`}
              {restarts > 0 && `, ${restarts} ${restarts === 1 ? "restart" : "restarts"}`}
            </p>
            {why && <p className="pool-why">{why}</p>}
          </li>
        );
      })}
    </ul>
  );
}
