"""The web pages inside Airflow. Server-rendered, no script, nothing is changed by a GET."""
