class AirflowFailException(Exception): ...  # noqa: N818  # Airflow's own name
