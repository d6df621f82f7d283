// What does a controller show while another one looks after the cluster?
import { Refused } from "../data/http.ts";

/** Whether the controller refuses whatever it is asked, because another one leads. */
export function standsBy(error: unknown): error is Refused {
  return error instanceof Refused && error.trouble.code === "SERIN_NOT_LEADING";
}

export function StandsBy({ error: { trouble } }: { readonly error: Refused }) {
  const { found, now, next } = trouble;
  return (
    <main className="page empty">
      <h1>This controller stands by</h1>
      <div role="status">
        {[found, now, next].map((text) => (
          <p key={text}>{text && `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`}</p>
        ))}
      </div>
      <p className="soft">
        It shows nothing of the cluster meanwhile. This page goes on by itself once this controller leads.
      </p>
    </main>
  );
}
